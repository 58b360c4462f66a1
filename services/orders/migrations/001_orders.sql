CREATE TABLE orders (
    id        text PRIMARY KEY,
    number    bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    sku       text NOT NULL,
    quantity  integer NOT NULL,
    customer  text NOT NULL,
    amount    bigint NOT NULL,
    status    text NOT NULL CHECK (status IN ('pending', 'paid', 'declined', 'rejected')),
    placed_at timestamptz NOT NULL DEFAULT now()
);
