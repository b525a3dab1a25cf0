-- Of a request: the version or variant of the model that answered it, where the log tells. Loading fills it in.
ALTER TABLE ledger.requests ADD COLUMN model_version VARCHAR;
