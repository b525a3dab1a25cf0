-- Where each planned model's cost will end: what is spent, and what of the plan is still to come.
-- model_id: the fine-tuned model
-- as_of: the day of the forecast
-- currency: currency of every amount in the row
-- budget: the plan's budget, or its planned mean where it names none
-- actual_to_date: true cost of all months up to the running one, before the plan began too; what has no price or no rate is not in it
-- estimate_at_completion_p10: actual_to_date and the remaining plan (whole months ahead, and of the running month the days after as_of); one trial in ten stays below
-- estimate_at_completion_p50: the same; half of the trials stay below
-- estimate_at_completion_p90: the same; one trial in ten exceeds it
-- probability_over_budget: share of the trials that end above the budget, 0 to 1
-- completeness: of actual_to_date, and so of all that rests on it: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low
SELECT
    forecast.model_id,
    as_of,
    currency,
    budget,
    actual_to_date,
    estimate_at_completion_p10,
    estimate_at_completion_p50,
    estimate_at_completion_p90,
    probability_over_budget,
    coalesce(so_far.completeness, 'complete') AS completeness
FROM outlook.forecast
ASOF LEFT JOIN wholeness_to_date AS so_far
    ON forecast.model_id = so_far.model_id AND forecast.as_of >= so_far.quarter_start
ORDER BY forecast.model_id
