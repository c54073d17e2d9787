"""KMS, SSM and S3 by moto, over TLS, for the container tests.

Prints one JSON line with what it serves, then answers one JSON request a line, by boto3 as a
pipeline would: {"plaintext": "...", "context": {...}} gives {"ciphertext": "..."}, {"create":
"sign"} or {"create": "seal"} gives {"key": "...", "pem": "..."}, and {"put": "ssm:/name" or
"s3://bucket/key", "text": "..."} stores. Ends when its standard input does, so it cannot outlive
the tests.
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

    def client(service: str):
        return boto3.client(
            service,
            endpoint_url=endpoint,
            verify=f"{folder}/ca.pem",
            region_name="us-east-1",
            aws_access_key_id="pipeline",
            aws_secret_access_key="pipeline",
        )

    kms, ssm, s3 = client("kms"), client("ssm"), client("s3")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    print(json.dumps({"endpoint": endpoint, "key": key}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line), key, kms, ssm, s3)), flush=True)


def answer(request: dict, key: str, kms, ssm, s3) -> dict:
    if "create" in request:
        usage = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"} if request["create"] == "sign" else {}
        created = kms.create_key(**usage)["KeyMetadata"]["Arn"]
        return {"key": created, "pem": public_key(kms, created) if usage else ""}
    if "put" in request:
        put(request["put"], request["text"], ssm, s3)
        return {}
    sealed = kms.encrypt(
        KeyId=key,
        Plaintext=request["plaintext"].encode(),
        EncryptionContext=request["context"],
    )
    return {"ciphertext": base64.b64encode(sealed["CiphertextBlob"]).decode()}


def public_key(kms, key: str) -> str:
    der = base64.encodebytes(kms.get_public_key(KeyId=key)["PublicKey"]).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{der}-----END PUBLIC KEY-----\n"


def put(source: str, text: str, ssm, s3) -> None:
    if source.startswith("ssm:"):
        ssm.put_parameter(Name=source[4:], Value=text, Type="SecureString", Overwrite=True)
        return
    bucket, name = source[5:].split("/", 1)
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key=name, Body=text.encode())


main()
