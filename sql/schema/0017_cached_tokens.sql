-- Of a request: how many of its input tokens the provider had in its cache, and whether a gateway's cache answered it. Loading fills
-- them in.
ALTER TABLE ledger.requests ADD COLUMN cached_input_tokens BIGINT;
ALTER TABLE ledger.requests ADD COLUMN is_cache_hit BOOLEAN;
