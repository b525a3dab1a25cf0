-- What FOCUS 1.3 and 1.4 added. Loading fills it in.
ALTER TABLE ledger.charges ADD COLUMN allocated_method_details VARCHAR;
ALTER TABLE ledger.charges ADD COLUMN allocated_method_id VARCHAR;
ALTER TABLE ledger.charges ADD COLUMN allocated_resource_id VARCHAR;
ALTER TABLE ledger.charges ADD COLUMN allocated_resource_name VARCHAR;
ALTER TABLE ledger.charges ADD COLUMN allocated_tags VARCHAR;
ALTER TABLE ledger.charges ADD COLUMN commitment_program_eligibility_details VARCHAR;
ALTER TABLE ledger.charges ADD COLUMN contract_applied VARCHAR;
ALTER TABLE ledger.charges ADD COLUMN host_provider_name VARCHAR;
ALTER TABLE ledger.charges ADD COLUMN invoice_detail_id VARCHAR;
ALTER TABLE ledger.charges ADD COLUMN service_provider_name VARCHAR;
