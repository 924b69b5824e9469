"""The shapes of the HTTP contract, for the API description: what is sent, and what is answered.

What is accepted is decided by ``fleet.job.Submission`` and ``fleet.judging.Definition`` alone, the
validators that workers use too; tests hold ``requests`` to them. Answers are built as plain JSON; a
test holds them to ``answers``.
"""
