"""Objectives by the numbers that DeltaVision files have for them: those of high aperture, which SIM is done with."""

from __future__ import annotations

_NUMBERS = {  # by their numerical aperture
    1.2: (8, 10603, 10604, 10611, 10616, 12602, 14403, 14604),
    1.25: (4, 10608),
    1.3: (
        *(5, 6, 11, 10000, 10001, 10004, 10008, 10009, 10402, 10416, 10615),
        *(12001, 12002, 12004, 12401, 12402, 12404, 14002, 14004, 14006, 14401, 14405, 14407),
    ),
    1.35: (10003, 10005, 10403, 10412, 10415),
    1.4: (
        *(7, 12, 13, 10002, 10006, 10007, 10600, 10601, 10602, 10607, 10609, 10610),
        *(12000, 12003, 12600, 12601, 14001, 14003, 14005, 14601, 14602, 20007),
    ),
    1.42: (10612,),
    1.45: (10010, 10613, 11500),
    1.49: (10011, 10614, 10617),
}
NA = {number: na for na, numbers in _NUMBERS.items() for number in numbers}
