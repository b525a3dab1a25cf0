-- Exchange rates, the newest of each day: euro reference rates.
-- rate_date: the day
-- currency: the currency
-- rate: units of it per euro
-- x_delivery_id: the delivery, in `deliveries`
-- x_line: the line of the file
SELECT rate_date, currency, rate, x_delivery_id, x_line
FROM books.fx_rates
ORDER BY rate_date, currency
