"""Great Expectations suites as data, one per dataset."""
