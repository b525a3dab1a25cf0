-- Where each planned model's cost will end, as a distribution: what is spent, what has happened and is not billed yet, and what is to
-- come, which is the rest of the plan, bent towards what was seen of it. It hangs on the records, not on the day: waiting saves nothing.
-- model_id: the fine-tuned model
-- as_of: the day of the forecast
-- currency: currency of every amount in the row
-- budget: the plan's budget, or its planned mean where it names none
-- actual_to_date: true cost of all months up to the running one, before the plan began too; what has no price or no rate is not in it
-- baseline: number of the baseline it is held against, in `baselines`; NULL where the plan was never frozen, and is taken as its file stands
-- frozen_at: when that was frozen, UTC; NULL likewise
-- known_ahead: posted to later months of the plan already, as a prepaid year is
-- nowcast: mean of what has happened by as_of and no record speaks for yet; by source in `nowcast`
-- to_come: mean of what is still to happen within the plan's months
-- estimate_at_completion_p10: at completion; one draw in ten stays below
-- estimate_at_completion_p50: the same; half of the draws stay below
-- estimate_at_completion_p90: the same; one draw in ten exceeds it
-- probability_over_budget: share of the draws that end above the budget, 0 to 1
-- over_budget_since: first day of the month in which what is spent exceeded the budget; NULL while it does not
-- crosses_budget_in: first day of the month in which half of the draws exceed the budget, where that lies ahead; else NULL
-- whole_months: how many of the plan's months, from the first, the records speak for as a whole: what the forecast has learned from
-- is_lower_bound: whether actual_to_date is one, and so all that rests on it
-- completeness: of actual_to_date, and so of all that rests on it: "complete"; "incomplete: ..." where it is a lower bound; "unsettled: ..." where what may still change it does not make it too low
SELECT
    forecast.model_id,
    as_of,
    currency,
    budget,
    actual_to_date,
    plans_in_force.baseline,
    plans_in_force.frozen_at,
    known_ahead,
    nowcast,
    to_come,
    estimate_at_completion_p10,
    estimate_at_completion_p50,
    estimate_at_completion_p90,
    probability_over_budget,
    over_budget_since,
    crosses_budget_in,
    whole_months,
    is_too_low(coalesce(so_far.completeness, 'complete')) AS is_lower_bound,
    coalesce(so_far.completeness, 'complete') AS completeness
FROM outlook.forecast
LEFT JOIN outlook.plans_in_force ON forecast.model_id = plans_in_force.model_id
ASOF LEFT JOIN wholeness_to_date AS so_far
    ON forecast.model_id = so_far.model_id AND forecast.as_of >= so_far.quarter_start
ORDER BY forecast.model_id
