"""What a job is to do, as files say it: studies, budgets, objectives, and what is told beforehand."""
