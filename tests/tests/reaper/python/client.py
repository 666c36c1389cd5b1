"""Makes a container, a network, a volume and an image with Testcontainers for Python, says so, and waits to be killed."""

import time

from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.labels import SESSION_ID, create_labels
from testcontainers.core.network import Network

network = Network().create()
container = DockerContainer("seatrial/misbehave:dev").with_command("sleep forever").with_network(network).start()
labels = create_labels("", {})
DockerClient().client.volumes.create(labels=labels)
container.get_wrapped_container().commit(
    repository=f"reaper-test-python-{SESSION_ID}",
    changes=[f"LABEL {key}={value}" for key, value in labels.items()],
)
print(SESSION_ID, flush=True)
time.sleep(3600)
