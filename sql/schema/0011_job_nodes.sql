-- The nodes a job ran on, as Slurm writes them: `gpu[01-04,07],login1`.
ALTER TABLE ledger.jobs ADD COLUMN node_list VARCHAR;
