-- Whether a partner may order: active, suspended or closed.
ALTER TABLE partners ADD COLUMN status TEXT NOT NULL DEFAULT 'active';
