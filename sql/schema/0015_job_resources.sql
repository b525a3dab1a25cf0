-- Which field of sacct named a job's GPUs, and how many CPUs it had. Loading fills them in.
ALTER TABLE ledger.jobs ADD COLUMN gpu_source VARCHAR;
ALTER TABLE ledger.jobs ADD COLUMN cpus INTEGER;
