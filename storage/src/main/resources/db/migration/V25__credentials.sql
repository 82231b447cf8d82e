-- A media file may have its signed manifest beside it.
ALTER TABLE product
  DROP CONSTRAINT product_role_is_known,
  ADD CONSTRAINT product_role_is_known CHECK (role IN ('sample', 'media', 'credentials'));
