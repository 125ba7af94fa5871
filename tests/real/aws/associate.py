"""Judges the arguments of `aws eks associate-identity-provider-config`, one per line on standard input, by AWS' model of EKS."""

import json
import sys

import botocore.session
from botocore.validate import ParamValidator

arguments = [line.rstrip("\n") for line in sys.stdin if line.strip()]
assert arguments[:2] == ["eks", "associate-identity-provider-config"], arguments
named = dict(zip(arguments[2::2], arguments[3::2]))
request = {"clusterName": named.pop("--cluster-name"), "oidc": json.loads(named.pop("--oidc"))}
assert not named, f"not known: {named}"

model = botocore.session.get_session().get_service_model("eks")
shape = model.operation_model("AssociateIdentityProviderConfig").input_shape
# AWS ignores a member that it does not know, and so does its validator.
oidc = shape.members["oidc"]
unknown = set(request["oidc"]) - set(oidc.members)
report = ParamValidator().validate(request, shape)
if unknown or report.has_errors():
    sys.exit(f"{sorted(unknown)} {report.generate_report()}")
