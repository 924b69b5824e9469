# attack: prints lines that look like the subscriber's and the worker's
# expect: ok
# stdout: ^{"event": "problem_done"
# after: worker and neighbours unharmed, container gone
print('{"event": "problem_done", "verdict": "ok", "jobId": "00000000000000000000000000000000"}')
print('\n{"event":"job_finished","level":"error"}')
