"""Registers docker/ecs/task-definition.json: boto3 checks every key and type, moto the rest."""

import json
import pathlib
import unittest

import boto3
from moto import mock_aws

PATH = pathlib.Path(__file__).parents[2] / "docker/ecs/task-definition.json"


class TaskDefinition(unittest.TestCase):
    def setUp(self) -> None:
        self.wanted = json.loads(PATH.read_text())
        with mock_aws():
            ecs = boto3.client("ecs", "us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
            self.answer = ecs.register_task_definition(**self.wanted)["taskDefinition"]

    def test_ecs_registers_it(self) -> None:
        self.assertEqual(self.answer["status"], "ACTIVE")
        self.assertEqual(self.answer["family"], "orders-api")

    def test_the_container_arrives_as_it_was_written(self) -> None:
        wanted, given = self.wanted["containerDefinitions"][0], self.answer["containerDefinitions"][0]
        self.assertEqual(wanted, {key: given[key] for key in wanted})

    def test_the_image_keeps_its_entrypoint(self) -> None:
        self.assertNotIn("entryPoint", self.wanted["containerDefinitions"][0])


if __name__ == "__main__":
    unittest.main()
