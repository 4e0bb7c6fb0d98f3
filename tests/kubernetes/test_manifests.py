"""The manifests against Kubernetes' own schemas, against each other and against the service they start."""

from __future__ import annotations

import copy
import os
import re
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from service.observability.metrics import Metrics
from service.settings import Settings
from tests.integration.conftest import serving, stub_models, wait_until
from tests.kubernetes.conftest import MANIFESTS, NO_OBJECTS, read

VERSIONS = ["1.30", "1.33", "1.37"]
DOCKERFILE = (MANIFESTS.parent / "Dockerfile").read_text(encoding="utf-8")
LAST_BATCH_SECONDS = 5
"""What uvicorn is given after the drain, in service/cli/server.py."""


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"missing: {name}")
    return str(found)


def check(manifest: Any, version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_holds_what_the_schemas_of_kubernetes_allow(
    manifests: dict[str, Any], version: str
) -> None:
    for manifest in manifests.values():
        check(manifest, version)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_misspelt_field_and_a_wrong_type_are_noticed(manifests: dict[str, Any], version: str) -> None:
    for path, value in [
        (("livenessprobe",), {}),
        (("ports",), "8000"),
        (("securityContext", "runAsRoot"), True),
    ]:
        wrong = copy.deepcopy(manifests["Deployment"])
        place = wrong["spec"]["template"]["spec"]["containers"][0]
        for name in path[:-1]:
            place = place[name]
        place[path[-1]] = value
        with pytest.raises(kubernetes_validate.ValidationError):
            check(wrong, version)


def test_the_kustomization_takes_every_manifest() -> None:
    kustomization = read("kustomization.yaml")
    assert sorted(kustomization["resources"]) == sorted(
        path.name for path in MANIFESTS.glob("*.yaml") if path.name not in NO_OBJECTS
    )


def test_kustomize_renders_what_the_schemas_allow(manifests: dict[str, Any], container: Any) -> None:
    command = [program("kubectl"), "kustomize", str(MANIFESTS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    rendered = list(yaml.safe_load_all(done.stdout))
    assert {each["kind"] for each in rendered} == set(manifests)
    for each in rendered:
        check(each, VERSIONS[-1])
        assert each["kind"] == "Namespace" or each["metadata"]["namespace"] == "kurzfassung"
    [deployment] = [each for each in rendered if each["kind"] == "Deployment"]
    [image] = [each for each in read("kustomization.yaml")["images"] if each["name"] == container["image"]]
    [rendered_container] = deployment["spec"]["template"]["spec"]["containers"]
    assert rendered_container["image"] == f"{image['newName']}:{image['newTag']}"


def test_every_selector_finds_the_pods(manifests: dict[str, Any], pod: Any) -> None:
    labels = pod["metadata"]["labels"].items()
    spread = pod["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"]
    budget = manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"]
    for selector in (
        manifests["Deployment"]["spec"]["selector"]["matchLabels"],
        manifests["Service"]["spec"]["selector"],
        manifests["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        budget,
        spread,
    ):
        assert selector
        assert selector.items() <= labels


def test_every_port_is_the_one_that_the_image_listens_on(
    manifests: dict[str, Any], pod: Any, container: Any
) -> None:
    [listened] = re.findall(r"KURZFASSUNG_PORT=(\d+)", DOCKERFILE)
    [port] = container["ports"]
    assert str(port["containerPort"]) == listened == pod["metadata"]["annotations"]["prometheus.io/port"]
    [service] = manifests["Service"]["spec"]["ports"]
    [[policy]] = [rule["ports"] for rule in manifests["NetworkPolicy"]["spec"]["ingress"]]
    probes = [container[f"{kind}Probe"]["httpGet"]["port"] for kind in ("startup", "readiness", "liveness")]
    assert {service["targetPort"], policy["port"], *probes} == {port["name"]}


def test_every_probe_is_answered_and_readiness_waits_for_the_canary(pod: Any, container: Any) -> None:
    kinds = ("startup", "readiness", "liveness")
    startup, readiness, liveness = (container[f"{kind}Probe"]["httpGet"]["path"] for kind in kinds)
    scraped = pod["metadata"]["annotations"]["prometheus.io/path"]
    tried = threading.Event()
    try:
        with serving(stub_models(gate=lambda _: assert_set(tried)), ready=False) as client:
            assert client.get(readiness).status_code == 503
            assert client.get(liveness).status_code == 200
            tried.set()
            wait_until(client, readiness)
            assert [client.get(path).status_code for path in (startup, liveness, scraped)] == [200] * 3
    finally:
        tried.set()


def assert_set(event: threading.Event) -> None:
    assert event.wait(20)


def test_the_startup_probe_waits_as_long_as_the_image_says(container: Any) -> None:
    [seconds] = re.findall(r"--start-period=(\d+)s", DOCKERFILE)
    probe = container["startupProbe"]
    assert probe["failureThreshold"] * probe["periodSeconds"] >= int(seconds)


def test_every_variable_is_a_setting_and_its_value_is_accepted(manifests: dict[str, Any]) -> None:
    data = manifests["ConfigMap"]["data"]
    given = {name.removeprefix("KURZFASSUNG_").lower(): value for name, value in data.items()}
    assert all(name.startswith("KURZFASSUNG_") for name in data)
    assert given.keys() <= Settings.model_fields.keys()
    settings = Settings(**given)
    assert settings.drain_seconds == float(given["drain_seconds"])


def test_a_stopped_pod_gets_the_time_it_needs(manifests: dict[str, Any], pod: Any, container: Any) -> None:
    drain = float(manifests["ConfigMap"]["data"]["KURZFASSUNG_DRAIN_SECONDS"])
    program, waits = container["lifecycle"]["preStop"]["exec"]["command"]
    assert program == "sleep"
    needed = int(waits) + drain + LAST_BATCH_SECONDS
    assert pod["spec"]["terminationGracePeriodSeconds"] >= needed + 5


def test_threads_are_as_many_as_the_limit_allows(manifests: dict[str, Any], container: Any) -> None:
    assert manifests["ConfigMap"]["data"]["KURZFASSUNG_THREADS"] == container["resources"]["limits"]["cpu"]


def test_the_pod_holds_no_rights_and_writes_only_where_the_image_expects_it(pod: Any, container: Any) -> None:
    [user, group] = re.findall(r"^USER (\d+):(\d+)$", DOCKERFILE, re.M)[0]
    context = pod["spec"]["securityContext"]
    assert (context["runAsNonRoot"], context["runAsUser"], context["runAsGroup"]) == (
        True,
        int(user),
        int(group),
    )
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["spec"]["automountServiceAccountToken"] is False
    mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
    assert set(mounts) == {
        *re.findall(r"^VOLUME (\S+)$", DOCKERFILE, re.M),
        *re.findall(r" HOME=(\S+)", DOCKERFILE),
    }
    assert set(mounts.values()) == {volume["name"] for volume in pod["spec"]["volumes"]}
    assert container["envFrom"] == [{"configMapRef": {"name": "kurzfassung"}}]


def test_the_autoscaler_asks_for_a_metric_that_the_service_has_and_the_adapter_passes_on(
    manifests: dict[str, Any],
) -> None:
    scaler = manifests["HorizontalPodAutoscaler"]["spec"]
    deployment = manifests["Deployment"]
    target = scaler["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]
    [metric] = [each["pods"]["metric"]["name"] for each in scaler["metrics"]]
    assert f"\n{metric} 0.0\n" in Metrics().render().decode()
    [rule] = read("prometheus-adapter-rule.yaml")["rules"]["custom"]
    assert rule["seriesQuery"].startswith(metric + "{")
    assert re.fullmatch(rule["name"]["matches"], metric)
    assert rule["name"]["as"] == metric


def test_two_replicas_stay_when_a_node_is_emptied(manifests: dict[str, Any]) -> None:
    least = manifests["HorizontalPodAutoscaler"]["spec"]["minReplicas"]
    assert least - manifests["PodDisruptionBudget"]["spec"]["maxUnavailable"] >= 1


def test_the_adapters_query_is_one_that_prometheus_reads(tmp_path: Path) -> None:
    [rule] = read("prometheus-adapter-rule.yaml")["rules"]["custom"]
    query = rule["metricsQuery"]
    filled = {
        "<<.Series>>": "kurzfassung_queue_tokens",
        "<<.LabelMatchers>>": 'namespace="kurzfassung",pod=~"kurzfassung-1|kurzfassung-2"',
        "<<.GroupBy>>": "pod",
    }
    for word, value in filled.items():
        assert word in query
        query = query.replace(word, value)
    rules = tmp_path / "rules.yaml"
    tests = tmp_path / "tests.yaml"
    rules.write_text(
        yaml.safe_dump({"groups": [{"name": "adapter", "rules": [{"record": "asked", "expr": query}]}]})
    )
    series = 'kurzfassung_queue_tokens{namespace="kurzfassung",pod="kurzfassung-%s"}'
    tests.write_text(
        yaml.safe_dump(
            {
                "rule_files": [str(rules)],
                "evaluation_interval": "15s",
                "tests": [
                    {
                        "interval": "15s",
                        "input_series": [
                            {"series": series % 1, "values": "6000x10"},
                            {"series": series % 2, "values": "2000x10"},
                            {"series": series % 3, "values": "9000x10"},
                        ],
                        "promql_expr_test": [
                            {
                                "expr": "asked",
                                "eval_time": "2m",
                                "exp_samples": [
                                    {"labels": 'asked{pod="kurzfassung-1"}', "value": 6000},
                                    {"labels": 'asked{pod="kurzfassung-2"}', "value": 2000},
                                ],
                            }
                        ],
                    }
                ],
            }
        )
    )
    command = [program("promtool"), "test", "rules", str(tests)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_network_policy_lets_nothing_out(manifests: dict[str, Any]) -> None:
    policy = manifests["NetworkPolicy"]["spec"]
    assert set(policy["policyTypes"]) == {"Ingress", "Egress"}
    assert policy["egress"] == []
    assert all(rule["from"] for rule in policy["ingress"])
