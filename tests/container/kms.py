"""KMS by moto, over TLS, for the container tests.

Prints one JSON line with what it serves, then answers one JSON request a line:
{"plaintext": "...", "context": {...}} gives {"ciphertext": "..."}, made by boto3 as a pipeline
would make it. Ends when its standard input does, so it cannot outlive the tests.
"""

import base64
import json
import logging
import sys
import threading

import boto3
import trustme
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


def serve(address: str, port: int, folder: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(f"{folder}/ca.pem")
    certificate, key = f"{folder}/kms.pem", f"{folder}/kms.key"
    issued = authority.issue_cert(address)
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    server = make_server(
        address,
        port,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        ssl_context=(certificate, key),
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()


def main() -> None:
    address, port, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    serve(address, port, folder)
    endpoint = f"https://{address}:{port}"
    kms = boto3.client(
        "kms",
        endpoint_url=endpoint,
        verify=f"{folder}/ca.pem",
        region_name="us-east-1",
        aws_access_key_id="pipeline",
        aws_secret_access_key="pipeline",
    )
    key = kms.create_key()["KeyMetadata"]["Arn"]
    print(json.dumps({"endpoint": endpoint, "key": key}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        sealed = kms.encrypt(
            KeyId=key,
            Plaintext=request["plaintext"].encode(),
            EncryptionContext=request["context"],
        )
        blob = base64.b64encode(sealed["CiphertextBlob"]).decode()
        print(json.dumps({"ciphertext": blob}), flush=True)


main()
