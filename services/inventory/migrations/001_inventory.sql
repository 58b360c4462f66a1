CREATE TABLE items (
    sku   VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
    name  VARCHAR(200) NOT NULL,
    price INT NOT NULL,
    stock BIGINT NOT NULL CHECK (stock >= 0)
);

CREATE TABLE reservations (
    order_id   VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin PRIMARY KEY,
    sku        VARCHAR(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    quantity   INT NOT NULL,
    state      ENUM('held', 'questioned', 'confirmed', 'released') NOT NULL,
    expires_at TIMESTAMP(3) NOT NULL,
    INDEX (state, expires_at)
);

INSERT INTO items (sku, name, price, stock) VALUES
    ('WIDGET', 'Widget', 1250, 1000000),
    ('GADGET', 'Gadget', 4999, 1000000),
    ('GIZMO', 'Gizmo', 799, 1000000);
