-- Why an operator took money out of a wallet or corrected it, in words.
ALTER TABLE ledger_entries ADD COLUMN note TEXT;
