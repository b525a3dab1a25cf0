-- What a score was measured with: the task's version, the examples shown, and a hash of what was asked. Scores of another setup
-- are another series.
ALTER TABLE ledger.evals ADD COLUMN task_version VARCHAR;
ALTER TABLE ledger.evals ADD COLUMN shots INTEGER;
ALTER TABLE ledger.evals ADD COLUMN prompts VARCHAR;
