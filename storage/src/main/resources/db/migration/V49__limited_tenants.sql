-- limited: when the number of a tenant's open jobs was last limited, so that an audit can tell
-- whether it was ever exceeded since. This only adds; limits of before are not audited.
ALTER TABLE tenant ADD COLUMN limited timestamptz;
