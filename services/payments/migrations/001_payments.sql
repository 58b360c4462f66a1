CREATE TABLE payments (
    id         text PRIMARY KEY,
    order_id   text NOT NULL UNIQUE,
    customer   text NOT NULL,
    amount     bigint NOT NULL,
    status     text NOT NULL CHECK (status IN ('captured', 'declined')),
    decided_at timestamptz NOT NULL DEFAULT now()
);
