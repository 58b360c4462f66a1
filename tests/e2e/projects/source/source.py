"""Takes numbered orders in ranges, and publishes each in the transaction that stores it."""

from pathlib import Path

from msctl.chassis import Reply, Request, Service

service = Service("source", migrations=Path("migrations"))
_INSERT = "INSERT INTO orders (number) VALUES ($1) ON CONFLICT DO NOTHING"


@service.post("/orders")
async def place(request: Request) -> Reply:
    """Place the orders from ``first`` up to ``end``, in this order; those that are there already stay."""
    wanted = request.json()
    for number in range(wanted["first"], wanted["end"]):
        async with service.transaction() as transaction:
            if await transaction.execute(_INSERT, number):
                key = f"customer-{number % wanted['keys']}"
                await transaction.publish("order.placed", {"number": number}, subject=f"{number}", key=key)
    return Reply({"placed": wanted["end"]}, status=201)


service.run()
