"""Which channel brought which revenue: the way from an opened join page to the till, and what came after.

Every figure is counted by the database from rows that stand anyway, and from the visitors of `funnel_counts`;
docs/analytics.md tells what each of them means exactly.
"""

from app.services.analytics.channels import ChannelFigures, channels
from app.services.analytics.funnel import Funnel, FunnelDay, FunnelStep, funnel
from app.services.analytics.programme import Overview, overview
from app.services.analytics.question import GROUPS, STEPS, Question, question

__all__ = [
    "GROUPS",
    "STEPS",
    "ChannelFigures",
    "Funnel",
    "FunnelDay",
    "FunnelStep",
    "Overview",
    "Question",
    "channels",
    "funnel",
    "overview",
    "question",
]
