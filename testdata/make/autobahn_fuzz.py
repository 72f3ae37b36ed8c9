"""Autobahn Testsuite 0.8.2 (Python 2.7) on a choice of its cases: autobahn_fuzz.py client|server|list PORT [REPORTS].

The groups 12 and 13 send 3 messages a case instead of 1000; nothing else is changed.
"""
import json, sys, tempfile
from autobahntestsuite import choosereactor
from autobahntestsuite.fuzzing import startClient, startServer, Cases, CaseSet, CaseSetname, CaseBasename, \
    CaseCategories, CaseSubCategories
from twisted.internet import reactor

CHOICE = ["%d.*" % n for n in (1, 2, 3, 4, 5, 6, 7, 10)] + \
    ["12.1.1", "12.1.4", "12.1.7", "12.2.4", "12.3.3", "12.3.11", "12.4.5", "12.5.4", "12.5.11"] + \
    ["13.%d.%d" % (group, case) for group in range(1, 8) for case in (2, 5, 11)]
MESSAGES = 3
for case in Cases:
    if hasattr(case, "COUNT"):
        case.DESCRIPTION = case.DESCRIPTION.replace("Send %d " % case.COUNT, "Send %d " % MESSAGES)
        case.COUNT = MESSAGES

what, port = sys.argv[1], int(sys.argv[2])
reports = sys.argv[3] if len(sys.argv) > 3 else tempfile.mkdtemp()
url = "ws://127.0.0.1:%d" % port
if what == "client":
    startClient({"outdir": reports, "cases": CHOICE, "servers": [{"url": url}]})
    reactor.run()
elif what == "server":
    startServer({"outdir": reports, "cases": CHOICE, "url": url}, None)
    reactor.run()
else:
    cases = CaseSet(CaseSetname, CaseBasename, Cases, CaseCategories, CaseSubCategories)
    for name in cases.parseSpecCases({"cases": CHOICE}):
        case = cases.CasesById[name]
        part = ".".join(name.split(".")[:2])
        print(json.dumps([name, CaseCategories[name.split(".")[0]], CaseSubCategories.get(part, ""),
                          case.DESCRIPTION, case.EXPECTATION]))
