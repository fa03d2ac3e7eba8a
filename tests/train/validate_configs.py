"""Checks configs against the schema of configs: validate_configs.py SCHEMA CASES

A line of CASES is {"config": ..., "valid": true or false}. Prints the lines that the schema judges
otherwise, and exits with 1 if there are any.
"""
import json
import sys

import jsonschema


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    wrong = 0
    count = 0
    with open(sys.argv[2], encoding="utf-8") as cases:
        for line in cases:
            case = json.loads(line)
            count += 1
            if validator.is_valid(case["config"]) == case["valid"]:
                continue
            wrong += 1
            print("should be", "valid:" if case["valid"] else "refused:", line.strip())
            for error in validator.iter_errors(case["config"]):
                print("   ", list(error.path), error.message[:200])
    if wrong == 0:
        print("ok:", count, "configs")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
