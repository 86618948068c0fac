#!/usr/bin/env python3
"""The rules of ARCHITECTURE.md that a machine can hold. usage: tidy.py [--self-test]"""
import json
import os
import re
import subprocess
import sys

FLOORS = {"base": [], "protocol": ["base"], "certs": ["base"], "registry": ["base", "protocol"],
          "node": ["base", "protocol", "certs", "registry"]}
FENCES = [("uv.h", r"^node/uv_"), ("sqlite3.h", r"^registry/store_"), ("openssl/ssl.h", r"^certs/"),
          ("openssl/evp.h", r"^(base/crypto\.c|certs/)"), ("jansson.h", r"^base/json\.h"),
          ("inchi_api.h", r"^registry/structure_"), ("seccomp.h", r"^registry/structure_"),
          ("GraphMol/", r"^registry/structure_")]
BANNED = ["strcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "atoi(argv", "rand", "srand", "gmtime",
          "localtime", "alloca", "tmpnam", "mktemp", "system", "popen"]
PURE = ["protocol"]  # no socket, clock, file, random
PURE_BANNED = ["sys/socket.h", "time.h", "stdio.h", "unistd.h", "fcntl.h", "sys/random.h"]
FUNCTION_MAX, LINE_MAX, SOURCE_MAX, HEADER_MAX = 70, 100, 900, 200
TABLE_LINE_MAX = 140  # a row of a .def table is read as a row


def includes(text):
    return re.findall(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', text, re.M)


def strip(text):
    """Code without comments and string contents."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.S)
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def functions(text):
    """(first line, length) of every function body: a `{` in column 0 to the `}` in column 0."""
    start = None
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None and line.rstrip() == "}":
            yield start, number - start + 1
            start = None


def check(path, text):
    """Findings of one file."""
    floor = path.split("/")[0]
    out = []
    code = strip(text)
    for name in includes(text):
        top = name.split("/")[0]
        if floor in FLOORS and top in FLOORS and top != floor and top not in FLOORS[floor]:
            out.append(f"{path}: the floor {floor} includes {name}, which is not below it")
        for header, room in FENCES:
            if (name == header or (header.endswith("/") and name.startswith(header))) and not re.match(room, path):
                out.append(f"{path}: {header} is fenced to {room}")
        if floor in PURE and name in PURE_BANNED:
            out.append(f"{path}: {floor} is pure and includes {name}")
    for word in BANNED:
        if re.search(r"(?<![A-Za-z0-9_])" + re.escape(word) + (r"\s*\(" if "(" not in word else ""), code):
            out.append(f"{path}: calls {word}")
    for number, line in enumerate(text.split("\n"), 1):
        most = TABLE_LINE_MAX if path.endswith(".def") else LINE_MAX
        if len(line) > most:
            out.append(f"{path}:{number}: {len(line)} columns (at most {most})")
        if line.rstrip() != line or "\t" in line:
            out.append(f"{path}:{number}: blank at the end, or a tab")
    for start, length in functions(code):
        if length > FUNCTION_MAX:
            out.append(f"{path}:{start}: a function of {length} lines (at most {FUNCTION_MAX})")
    lines = text.count("\n")
    if lines > (HEADER_MAX if path.endswith(".h") else SOURCE_MAX):
        out.append(f"{path}: {lines} lines")
    return out


def check_all(files):
    out = []
    for path in files:
        with open(path, encoding="utf-8") as f:
            out += check(path, f.read())
    return out


def check_documents(files):
    out = []
    for path in files:
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            if not os.path.exists(os.path.join(os.path.dirname(path), link)):
                out.append(f"{path}: links to {link}, which is not there")
    return out


def check_rule_keys(loader, manual):
    """Every key that the reader of rule files takes is explained: in `code` of registry/RULES.md."""
    keys = {k for block in re.findall(r"(?:keys|reads)\[\] = \{(.*?)\};", loader, re.S) for k in re.findall(r'"(\w+)"', block)}
    told = " ".join(re.findall(r"`([^`]+)`", manual))
    return [f"registry/RULES.md: the key {k} is not explained" for k in sorted(keys) if not re.search(rf"\b{k}\b", told)]


def check_rule(path, text):
    """What a person needs of a rule file beyond what the program needs: its own name, and Chinese for every text."""
    out = []

    def texts(value, place):
        for key, item in (value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else []):
            texts(item, f"{place}.{key}")
        if isinstance(value, dict) and "en" in value and not re.search("[\u4e00-\u9fff]", value.get("zh", "")):
            if place not in (".wording", ".instrument") and re.search("[a-z]{4}", value["en"]):
                out.append(f"{path}: {place[1:]} has no Chinese words")

    rule = json.loads(text)
    texts(rule, "")
    if "id" in rule and os.path.basename(path) != rule["id"].lower() + ".json":
        out.append(f"{path}: is the file of the rule {rule['id']}")
    return out


def check_rules(files):
    texts = {}
    for path in files:
        if re.match(r"registry/(data/rules/.*\.json|RULES\.md|rule_file\.c)$", path):
            with open(path, encoding="utf-8") as f:
                texts[path] = f.read()
    out = check_rule_keys(texts["registry/rule_file.c"], texts["registry/RULES.md"])
    for path, text in texts.items():
        out += check_rule(path, text) if path.endswith(".json") else []
    return out


def check_modes(listing):
    out = []
    for line in listing:
        mode, path = line.split()[0], line.split("\t")[1]
        with open(path, "rb") as f:
            script = f.read(2) == b"#!"
        if script != (mode == "100755"):
            out.append(f"{path}: mode {mode}, {'a script' if script else 'not a script'}")
    return out


SAMPLES = [
    ("base/x.c", '#include "protocol/note.h"\n', "not below it"),
    ("certs/x.c", '#include "protocol/note.h"\n', "not below it"),
    ("node/x.c", "#include <uv.h>\n", "fenced"),
    ("registry/x.c", "#include <sqlite3.h>\n", "fenced"),
    ("protocol/x.c", "#include <time.h>\n", "is pure"),
    ("base/x.c", "int f(void)\n{\n    return strcpy(a, b);\n}\n", "calls strcpy"),
    ("base/x.c", "int f(void)\n{\n" + "    g();\n" * 80 + "}\n", "a function of"),
    ("base/x.c", "x" * 101 + "\n", "columns"),
    ("base/x.c", "int x; \n", "blank at the end"),
    ("base/x.h", "\n" * 300, "lines"),
]


def self_test():
    bad = [s for s in SAMPLES if not any(s[2] in f for f in check(s[0], s[1]))]
    rules = [(check_rule_keys('keys[] = {"one", "two", NULL};', "`one`, two"), "the key two"),
             (check_rule("x/a-1.json", '{"id":"A-2"}'), "is the file of"),
             (check_rule("x/a-1.json", '{"id":"A-1","title":{"en":"Things","zh":"Things"}}'), "title has no Chinese")]
    bad += [("a rule", "", want) for found, want in rules if len(found) != 1 or want not in found[0]]
    good = check("base/x.c", '#include "base/err.h"\n\nint f(void)\n{\n    return 1; // strcpy(\n}\n')
    for path, _, want in bad:
        print(f"self-test: the rule \"{want}\" did not notice its sample {path}")
    for finding in good:
        print(f"self-test: a clean file was found fault with: {finding}")
    return not bad and not good


def main():
    if "--self-test" in sys.argv:
        return 0 if self_test() else 1
    tracked = subprocess.run(["git", "ls-files", "-s"], capture_output=True, text=True, check=True).stdout.split("\n")
    listing = [l for l in tracked if l and os.path.exists(l.split("\t")[1])]
    files = [l.split("\t")[1] for l in listing]
    sources = [f for f in files if re.match(r"(base|protocol|certs|registry|node)/.*\.(c|h|cpp|def)$", f)]
    findings = check_all(sources) + check_documents([f for f in files if f.endswith(".md")]) + check_modes(listing) + check_rules(files)
    for finding in findings:
        print(finding)
    print(f"{len(sources)} sources, {len(findings)} findings")
    return 1 if findings else 0


sys.exit(main())
