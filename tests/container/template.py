"""Creates docker/ecs/template.yaml in moto, with the function that hands values over run as it stands in it."""

import base64
import json
import logging
import pathlib
import re
import subprocess
import sys
import types
import unittest
from unittest import mock

import boto3
import yaml
from moto import mock_aws
from moto.awslambda.models import LambdaFunction
from moto.cloudformation import cloudformation_backends

ROOT = pathlib.Path(__file__).parents[2]
PATH = ROOT / "docker/ecs/template.yaml"
EVENTS = ROOT / "src/report/tests/golden.ocsf.jsonl"
ACCOUNT, REGION = "123456789012", "us-east-1"
DIGEST = "sha256:3f1c9e0a5b7d2846a1c3e5f7092b4d6f8a0c2e4f6b8d1a3c5e7f90b2d4a6c8e1"


# What moto cannot create it says each time: the metric filter and the alarm, which are put to it one by one below.
logging.getLogger("moto").setLevel(logging.ERROR)


class Tags(yaml.SafeLoader):
    """Short forms of functions stay what they are about."""


def short(loader: Tags, _suffix: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node)
    return loader.construct_mapping(node)


Tags.add_multi_constructor("!", short)
RESOURCES = yaml.load(PATH.read_text(), Tags)["Resources"]  # noqa: S506 (a safe loader)
SOURCE = RESOURCES["Rekey"]["Properties"]["Code"]["ZipFile"]


def client(service: str) -> object:
    return boto3.client(service, REGION, aws_access_key_id="x", aws_secret_access_key="x")


def handler(event: dict) -> dict:
    """What the function answers to CloudFormation."""
    answer: dict = {}

    def send(_event, _context, status, data, own, reason=None):
        answer.update(status=status, data=data, own=own, reason=reason)

    response = types.SimpleNamespace(SUCCESS="SUCCESS", FAILED="FAILED", send=send)
    region = {"AWS_DEFAULT_REGION": REGION, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    with mock.patch.dict(sys.modules, cfnresponse=response), mock.patch.dict("os.environ", region):
        function: dict = {}
        exec(compile(SOURCE, "index.py", "exec"), function)  # noqa: S102 (it is ours)
        function["handler"](event, None)
    return answer


def invoked(_function, body, *_) -> None:
    event = json.loads(body)
    answer = handler(event)
    assert answer["status"] == "SUCCESS", answer
    stack = cloudformation_backends[ACCOUNT][REGION].get_stack(event["StackId"])
    stack.get_custom_resource(event["LogicalResourceId"]).set_data(answer["data"])


class AtOnce:
    """A thread that has ended when it has begun: moto goes on with what depends on it."""

    def __init__(self, target, args):
        self.start = lambda: target(*args)


class Template(unittest.TestCase):
    def setUp(self) -> None:
        aws = mock_aws()
        aws.start()
        self.addCleanup(aws.stop)
        self.kms = client("kms")
        self.pipeline = self.kms.create_key()["KeyMetadata"]["Arn"]
        client("ecs").create_cluster(clusterName="default")

    def seal(self, name: str, plaintext: bytes, app: str = "orders-api") -> bytes:
        context = {"app": app, "var": name}
        return self.kms.encrypt(KeyId=self.pipeline, Plaintext=plaintext, EncryptionContext=context)["CiphertextBlob"]

    def form(self, name: str, plaintext: bytes, prefix: str = "kms:v1:") -> str:
        return prefix + base64.b64encode(self.seal(name, plaintext)).decode()

    def create(self, **more: str) -> dict:
        """The resources by name."""
        parameters = {
            "Application": "orders-api",
            "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/orders-api@{DIGEST}",
            "Command": "/app/server,--quiet",
            "Subnets": "subnet-1,subnet-2",
            "SecurityGroups": "sg-1",
            "PipelineKey": self.pipeline,
            "PolicyParameter": "/bank/orders-api",
            "Allowlist": "bank-lists/images.yaml",
        } | more
        cloudformation = client("cloudformation")
        now = types.SimpleNamespace(Thread=AtOnce)
        with (
            mock.patch.object(LambdaFunction, "invoke", invoked),
            mock.patch("moto.cloudformation.custom_model.threading", now),
        ):
            cloudformation.create_stack(
                StackName="orders",
                TemplateBody=PATH.read_text(),
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                Capabilities=["CAPABILITY_IAM"],
            )
        stack = cloudformation.describe_stacks(StackName="orders")["Stacks"][0]
        self.assertEqual(stack["StackStatus"], "CREATE_COMPLETE", stack)
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        resources = cloudformation.describe_stack_resources(StackName="orders")["StackResources"]
        known = [resource for resource in resources if "LogicalResourceId" in resource]
        return {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in known}

    def container(self) -> dict:
        task = client("ecs").describe_task_definition(taskDefinition="orders-api")["taskDefinition"]
        return task["containerDefinitions"][0]

    def environment(self) -> dict:
        # Where CloudFormation removes AWS::NoValue from a list, moto leaves nothing in its place.
        entries = [entry for entry in self.container()["environment"] if entry]
        return {entry["name"]: entry["value"] for entry in entries}

    def opened(self, sealed: str, name: str, context_name: str = "orders-api") -> bytes:
        blob = base64.b64decode(sealed.rsplit(":", 1)[1], validate=True)
        answer = self.kms.decrypt(CiphertextBlob=blob, EncryptionContext={"app": context_name, "var": name})
        self.assertEqual(answer["KeyId"], self.outputs["Key"])
        return answer["Plaintext"]

    def test_cfn_lint_has_nothing_to_say(self) -> None:
        lint = [pathlib.Path(sys.executable).with_name("cfn-lint"), PATH]
        said = subprocess.run(lint, capture_output=True, text=True, check=False)
        self.assertEqual((said.returncode, said.stdout), (0, ""))

    def test_a_service_has_its_values_sealed_for_its_own_key(self) -> None:
        values = {"DB_PASSWORD": b"one", "API_KEY": b"two"}
        sealed = "|".join(f"{name}={self.form(name, value)}" for name, value in values.items())
        resources = self.create(Sealed=sealed, Variables="LEVEL|info|URL|https://a.example/?b=c")
        self.assertIn("Service", resources)
        self.assertNotIn("Batch", resources)
        container = self.container()
        environment = self.environment()
        handed = dict(pair.split("=", 1) for pair in environment.pop("APP_SECRETS").split("|"))
        self.assertEqual(
            environment,
            {"MICRO_ENFORCER_POLICY": "ssm:/bank/orders-api", "LEVEL": "info", "URL": "https://a.example/?b=c"},
        )
        self.assertEqual(self.opened(handed["DB_PASSWORD"], "DB_PASSWORD"), b"one")
        self.assertEqual(self.opened(handed["API_KEY"], "API_KEY"), b"two")
        self.assertEqual(container["command"], ["/app/server", "--quiet"])
        self.assertNotIn("entryPoint", container)

    def test_a_batch_job_is_run_by_a_rule_with_variables_of_its_own(self) -> None:
        resources = self.create(Kind="batch", BatchVariables="DAY|today|LEVEL|debug")
        self.assertNotIn("Service", resources)
        target = client("events").list_targets_by_rule(Rule="orders-api")["Targets"][0]
        override = json.loads(target["Input"])["containerOverrides"][0]
        self.assertEqual(override["name"], self.container()["name"])
        self.assertEqual(
            override["environment"], [{"name": "DAY", "value": "today"}, {"name": "LEVEL", "value": "debug"}]
        )

    def test_without_variables_an_override_is_empty_and_no_value_is_handed_over(self) -> None:
        resources = self.create(Kind="batch")
        self.assertNotIn("Rekeyed", resources)
        target = client("events").list_targets_by_rule(Rule="orders-api")["Targets"][0]
        self.assertEqual(json.loads(target["Input"])["containerOverrides"][0]["environment"], [])
        self.assertEqual(list(self.environment()), ["MICRO_ENFORCER_POLICY"])

    def test_one_ciphertext_of_many_variables_is_handed_over_under_the_bundles_name(self) -> None:
        self.create(Sealed=self.form("APP_SECRETS", b'{"A":"1"}', "kms:v1b:"))
        environment = self.environment()
        self.assertTrue(environment["APP_SECRETS"].startswith("kms:v1b:"))
        self.assertEqual(self.opened(environment["APP_SECRETS"], "APP_SECRETS"), b'{"A":"1"}')

    def test_of_an_envelope_the_data_key_is_handed_over_and_the_rest_stays(self) -> None:
        key, rest = self.seal("CERTIFICATE", b"k" * 32), b"nonce and what is under the key"
        envelope = b"\x01" + len(key).to_bytes(2, "big") + key + rest
        self.create(Sealed=f"CERTIFICATE=kms:v1e:{base64.b64encode(envelope).decode()}")
        environment = self.environment()
        name, sealed = environment["APP_SECRETS"].split("=", 1)
        self.assertEqual(name, "CERTIFICATE")
        blob = base64.b64decode(sealed.removeprefix("kms:v1e:"), validate=True)
        end = 3 + int.from_bytes(blob[1:3], "big")
        self.assertEqual(blob[end:], rest)
        inner = "kms:v1:" + base64.b64encode(blob[3:end]).decode()
        self.assertEqual(self.opened(inner, "CERTIFICATE"), b"k" * 32)

    def test_what_was_sealed_for_something_else_is_not_handed_over(self) -> None:
        self.create()
        properties = {"Application": "orders-api", "Bundle": "APP_SECRETS", "From": self.pipeline, "To": self.outputs["Key"]}
        foreign = base64.b64encode(self.seal("A", b"x", app="payments")).decode()
        for sealed in [
            f"B={self.form('A', b'x')}",
            f"A=kms:v1:{foreign}",
            "A=plaintext",
            "A=kms:v9:AAAA",
            "A=kms:v1:no base64",
        ]:
            event = {
                "RequestType": "Create",
                "LogicalResourceId": "Rekeyed",
                "ResourceProperties": properties | {"Sealed": sealed},
            }
            answer = handler(event)
            self.assertEqual((answer["status"], answer["data"]), ("FAILED", {}), sealed)
            self.assertTrue(answer["reason"], sealed)
        gone = handler({"RequestType": "Delete", "LogicalResourceId": "Rekeyed", "PhysicalResourceId": "own"})
        self.assertEqual((gone["status"], gone["own"]), ("SUCCESS", "own"))

    def test_the_task_role_opens_with_its_own_key_in_its_own_context_and_reads_what_is_signed(self) -> None:
        resources = self.create()
        role = client("iam").get_role_policy(RoleName=resources["TaskRole"], PolicyName="micro-enforcer")
        statements = role["PolicyDocument"]["Statement"]
        actions = [statement["Action"] for statement in statements]
        self.assertEqual(actions, ["kms:Decrypt", "ssm:GetParameters", "s3:GetObject"])
        self.assertEqual(statements[0]["Resource"], self.outputs["Key"])
        self.assertEqual(statements[0]["Condition"], {"StringEquals": {"kms:EncryptionContext:app": "orders-api"}})
        policy = self.kms.get_key_policy(KeyId=self.outputs["Key"], PolicyName="default")["Policy"]
        root = [one for one in policy["Statement"] if one["Principal"]["AWS"].endswith(":root")]
        self.assertEqual(len(root), 1)
        opening = {"kms:*", "kms:Decrypt", "kms:Encrypt", "kms:ReEncrypt*", "kms:GenerateDataKey", "kms:CreateGrant"}
        self.assertFalse(opening & {action for statement in root for action in statement["Action"]})

    def test_somebody_is_told_of_what_the_enforcer_blocked_and_of_nothing_else(self) -> None:
        pattern = RESOURCES["Findings"]["Properties"]["FilterPattern"]
        logs = client("logs")
        logs.create_log_group(logGroupName="/ecs/orders-api")
        logs.put_metric_filter(
            logGroupName="/ecs/orders-api",
            filterName="findings",
            filterPattern=pattern,
            metricTransformations=[{"metricName": "n", "metricNamespace": "micro-enforcer", "metricValue": "1"}],
        )
        events = [json.loads(line) for line in EVENTS.read_text().splitlines()]
        rings = {True: set(), False: set()}
        for event in events:
            how = "severity_id" if event["class_uid"] == 2004 else "status_id"
            rings[matches(pattern, event)].add((event["class_uid"], event[how]))
        # Findings of medium and high severity, and what was refused or ended; not a start, nor the application's own end.
        self.assertEqual(rings, {True: {(2004, 3), (2004, 4), (6002, 2)}, False: {(6002, 1)}})
        finding = next(event for event in events if event["class_uid"] == 2004)
        self.assertFalse(matches(pattern, finding | {"severity_id": 2}))
        foreign = finding["metadata"] | {"product": {"name": "another"}}
        self.assertFalse(matches(pattern, finding | {"metadata": foreign}))

    def test_the_alarm_is_one_that_cloudwatch_takes(self) -> None:
        alarm = RESOURCES["Alarm"]["Properties"]
        transformation = RESOURCES["Findings"]["Properties"]["MetricTransformations"][0]
        self.assertEqual(
            (alarm["Namespace"], alarm["MetricName"]), (transformation["MetricNamespace"], transformation["MetricName"])
        )
        topic = client("sns").create_topic(Name="t")["TopicArn"]
        client("cloudwatch").put_metric_alarm(AlarmName="a", **(alarm | {"AlarmActions": [topic]}))


def matches(pattern: str, event: dict) -> bool:
    """A filter pattern of CloudWatch Logs for JSON, as far as ours goes: selectors, =, >=, &&, ||, parentheses."""

    def value(selector: str) -> object:
        at: object = event
        for key in selector.removeprefix("$.").split("."):
            at = at.get(key) if isinstance(at, dict) else None
        return at

    def term(found: re.Match) -> str:
        at, wanted = value(found[1]), json.loads(found[3])
        return str(at == wanted if found[2] == "=" else isinstance(at, int) and at >= wanted)

    inner = " ".join(pattern.split()).removeprefix("{").removesuffix("}")
    terms = re.sub(r'(\$[\w.]+) (=|>=) ("[^"]*"|\d+)', term, inner)
    words = terms.replace("&&", "and").replace("||", "or")
    assert re.fullmatch(r"(True|False|and|or|[() ])*", words), words
    return eval(words)  # noqa: S307 (nothing but the words above)


if __name__ == "__main__":
    unittest.main()
