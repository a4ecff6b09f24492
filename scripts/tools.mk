# Tools that the machine has are used. The others come from PyPI into .venv/, in these versions.
PIP_cargo-lambda := cargo-lambda==1.9.2
PIP_zig := ziglang==0.17.1
PIP_sam := aws-sam-cli==1.170.0
# What `make check` reads the template with: SAM's transform and CloudFormation's rules as sam has them, and checkov.
PIP_template := aws-sam-translator==1.115.0 cfn-lint==1.58.0 checkov==3.3.30
# What checks .github/workflows.
PIP_workflows := check-jsonschema==0.39.0 zizmor==1.32.0
# The emulator of AWS, and CloudFormation's transform of a SAM template.
PIP_rehearse := ministack==1.5.33 aws-sam-translator==1.115.0 boto3==1.43.106
PIP_moto := moto[server,dynamodb]==5.2.5
PIP_fastapi := fastapi==0.165.0 httpx2==2.16.2 pyjwt==2.15.1 python-multipart==0.0.34
# The client libraries in Python; those in JavaScript are in tests/clients/package.json.
PIP_clients := authlib==1.9.10 requests-oauthlib==2.0.0 oauthlib==4.0.1 requests==2.34.2
PIP_verifying := fastapi==0.165.0 pyjwt[crypto]==2.15.1 uvicorn==0.54.0
PIP_openapi := schemathesis==4.32.5 openapi-spec-validator==0.9.0
PIP_browser := selenium==4.51.0
# The benchmark's peer: an app in FastAPI as one deploys it on Lambda.
PIP_peer := fastapi==0.165.0 mangum==0.22.0 awslambdaric==4.2.2 pwdlib[argon2]==0.3.1 argon2-cffi==25.1.0 pyjwt==2.15.1 python-multipart==0.0.34
# cargo-deny, which checks the dependencies in `make check`, from crates.io.
DENY_VERSION := 0.20.2
