-- sql/sandbox/stripe_balance_get.sql: the balance
select '{"object": "balance", "livemode": false, "available": [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}],
         "pending": [{"amount": 0, "currency": "usd", "source_types": {"card": 0}}]}' as body
