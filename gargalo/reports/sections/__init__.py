"""The sections of the report, one file each: functions of the roles and the words.

Each is called with a `Roles`, which knows the runs by the parts that they play, and the `Words` of the report's
language. It gives a `Section`, or None where no run can show what it tells. `gargalo.reports.story` has their order.
"""
