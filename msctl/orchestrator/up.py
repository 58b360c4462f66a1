"""Use case ``up``: read reality once, plan, carry the plan out, and report what would not start."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event

from msctl import labels
from msctl.broker import config as broker_config
from msctl.broker.commands import IMPORT_DEFINITIONS
from msctl.engine.port import Engine, Identity
from msctl.errors import ImageError, PortTaken
from msctl.events import Notice, Sink
from msctl.model.desired import Build, ContainerSpec, Desired
from msctl.model.observed import Observed
from msctl.model.project import Project
from msctl.model.secret import Secret
from msctl.orchestrator.access import Access
from msctl.orchestrator.actions import Actions
from msctl.orchestrator.broker_upkeep import BrokerUpkeep
from msctl.orchestrator.copied import distrusting, settle
from msctl.orchestrator.credentials import CredentialStore, management_token
from msctl.orchestrator.databases.guarding import back_up_before_migrations, telling_backups
from msctl.orchestrator.delivered import Delivered
from msctl.orchestrator.doors import close_doors, open_doors, parties
from msctl.orchestrator.down import UNFINISHED, down
from msctl.orchestrator.event_schemas import (
    EventSchemas,
    event_schemas,
    require_compatible,
    running_schemas,
)
from msctl.orchestrator.executor import Executor
from msctl.orchestrator.failures import failing_card, raise_failures
from msctl.orchestrator.gateway_port import holds_port, require_port
from msctl.orchestrator.image_choice import ChosenImages, ImageStore, choose
from msctl.orchestrator.observer_files import observer_files
from msctl.orchestrator.platform_files import platform_files, together
from msctl.orchestrator.readiness import watching
from msctl.orchestrator.removals import Removals
from msctl.orchestrator.survey import Survey, situation, survey
from msctl.orchestrator.target import Target, graces_of
from msctl.orchestrator.withdrawal import taking_back
from msctl.orchestrator.workspace import Workspace
from msctl.plan.conflicts import conflicts, other_origin, unfit_volumes
from msctl.plan.expand import BrokerRuntime, Credentials, Inputs, expand, outline
from msctl.plan.operations import BuildImage, Plan
from msctl.plan.passwords import telling_drops
from msctl.plan.reconcile import reconcile
from msctl.registry.acl import Party


@dataclass(frozen=True, slots=True)
class UpResult:
    """Ids of the operations that changed something, and the image of each service.

    ``found`` is what was found where nothing had to be changed.
    """

    changed: tuple[str, ...]
    images: Mapping[str, str] = field(default_factory=dict)
    found: Survey | None = None


@dataclass(frozen=True, slots=True)
class Up:
    """Everything ``up`` works with; ``timeout`` is seconds for each part to become healthy.

    ``discard`` gives up queues of the broker that are no longer wanted with all that they hold, and goes
    ahead with schemas of events that break a subscriber.
    """

    engine: Engine
    images: ImageStore
    workspace: Workspace
    sink: Sink
    timeout: float
    adopt: bool = False
    only: frozenset[str] | None = None
    anew: frozenset[str] = frozenset()
    discard: bool = False

    def run(self, project: Project) -> UpResult:
        """Make ``project`` run as its manifest says; the caller holds the workspace's lock.

        Passwords of databases that were being replaced are valid no longer once their services have the new
        ones. Raises ``StartFailed`` with failure cards, or an error before anything was changed.
        """
        self.workspace.prepare()
        self._finish_down(project)
        result = self._once(project)
        served = project.services if self.only is None else self.only
        if not CredentialStore(self.workspace).end_rotations(served):
            return result
        last = replace(self, anew=frozenset())._once(project)
        return UpResult((*result.changed, *last.changed), result.images, last.found)

    def _once(self, project: Project) -> UpResult:
        with self._access(project) as access:
            found = self._survey(project, access)
            delivered = Delivered(self.engine, found.observed, self.workspace)
            schemas = self._schemas(project, found.observed)
            chosen = self._images(project, found.observed)
            credentials, users = CredentialStore(self.workspace).load(project)
            plan = self._plan(project, chosen, found, delivered, credentials, users, schemas)
            delivered.keep(self.workspace)
            guests = parties(project, credentials)
            if plan.changes and found.entries is not None:
                open_doors(access, guests)
            with telling_backups(self._back_up(project, plan, found.observed)):
                self._carry_out(plan, project, chosen, access, users, guests)
            if plan.changes:
                close_doors(access, guests)
        settle(self.workspace, partial(self.engine.containers, project.name))
        images = {name: fact.reference for name, fact in chosen.services.items()}
        changed = tuple(operation.id for operation in plan.changes)
        return UpResult(changed, images, None if plan.operations else found)

    def preview(self, project: Project) -> Plan:
        """What ``run`` would do now; nothing is changed on the engine."""
        self.workspace.prepare()
        with self._access(project) as access:
            found = self._survey(project, access)
            delivered = Delivered(self.engine, found.observed, self.workspace)
            schemas = self._schemas(project, found.observed)
            chosen = self._images(project, found.observed)
            credentials, users = CredentialStore(self.workspace).load(project)
            plan = self._plan(project, chosen, found, delivered, credentials, users, schemas)
            return telling_drops(plan, project, credentials.former, self.only)

    def specification(self, project: Project, service: str) -> ContainerSpec:
        """What the first instance of ``service`` would be made from, its image built if need be."""
        self.workspace.prepare()
        observed = self.engine.observe(project.name)
        self._check_owner(observed)
        chosen = self._images(project, observed)
        credentials, users = CredentialStore(self.workspace).load(project)
        desired = self._desired(project, chosen, credentials, users, event_schemas(project))
        for build in desired.builds:
            if build.service == service and build.reference not in chosen.present:
                self._build(project, chosen, _missing(build))
        return next(s for s in desired.containers if s.role == "service" and s.service == service)

    def _finish_down(self, project: Project) -> None:
        if self.workspace.read(UNFINISHED):
            self.sink.emit(Notice("info", "finishing a 'down' that was interrupted"))
            workspace = self.workspace
            target = Target(project.name, workspace.origin, workspace.lock, workspace, graces_of(project))
            down(self.engine, target, self.sink, adopt=self.adopt)

    def _survey(self, project: Project, access: Access) -> Survey:
        found = survey(self.engine, access, project.name)
        self._check_ground(project, found.observed)
        return Survey(distrusting(self.workspace, found.observed), found.entries)

    def _back_up(self, project: Project, plan: Plan, observed: Observed) -> Mapping[str, Path]:
        place, now = self.workspace.folder, datetime.now(UTC)
        return back_up_before_migrations(self.engine, project, plan, observed, place, self.sink, now)

    def _check_ground(self, project: Project, observed: Observed) -> None:
        self._check_owner(observed)
        self._tell_whose_data(observed)
        for problem in conflicts(outline(project), observed):
            raise problem
        gateway = observed.container(labels.container(project.name, "gateway"))
        if not holds_port(gateway, project.gateway) and self.engine.local:
            with failing_card(labels.container(project.name, "gateway"), "cannot start", PortTaken):
                require_port(project.gateway.bind, project.gateway.port)

    def _check_owner(self, observed: Observed) -> None:
        foreign = other_origin(observed, self.workspace.origin)
        if foreign is not None and not self.adopt:
            raise foreign

    def _tell_whose_data(self, observed: Observed) -> None:
        """Data that another checkout left is used on: folders move more often than two take one name."""
        foreign = other_origin(observed, self.workspace.origin, data=True)
        if foreign is not None and not observed.containers:
            self.sink.emit(Notice("warning", f"{foreign.message}; the data it left is used on"))

    def _schemas(self, project: Project, observed: Observed) -> EventSchemas:
        running = running_schemas(observed)
        schemas = event_schemas(project, running)
        schemas.require_valid()
        if not self.discard:
            require_compatible(project, schemas, running)
        return schemas

    def _images(self, project: Project, observed: Observed) -> ChosenImages:
        """Nothing is started before every image that is not built here is at hand."""
        with failing_card(project.name, "cannot start without its images", ImageError):
            return choose(self.images, project, observed, self.sink, self.workspace.logs)

    def _plan(
        self,
        project: Project,
        chosen: ChosenImages,
        found: Survey,
        delivered: Delivered,
        credentials: Credentials,
        users: Mapping[str, Secret],
        schemas: EventSchemas,
    ) -> Plan:
        desired = self._desired(project, chosen, credentials, users, schemas)
        for problem in unfit_volumes(desired, found.observed):
            raise problem
        return reconcile(
            desired,
            situation(found, desired, delivered, chosen.present),
            origin=self.workspace.origin,
            only=self.only,
            anew=self.anew,
        )

    def _desired(
        self,
        project: Project,
        chosen: ChosenImages,
        credentials: Credentials,
        users: Mapping[str, Secret],
        schemas: EventSchemas,
    ) -> Desired:
        inputs = Inputs(
            images=chosen.roles,
            databases=chosen.databases,
            services=chosen.services,
            credentials=credentials,
            platform_files=together(
                platform_files(project, credentials, users, chosen.roles["registry"].kind),
                observer_files(self.workspace, project),
            ),
            event_schemas={name: schemas.label_of(name) for name in project.services},
            broker=BrokerRuntime(broker_config.environment(), IMPORT_DEFINITIONS),
        )
        return expand(project, inputs)

    def _build(self, project: Project, chosen: ChosenImages, operation: BuildImage) -> str:
        made = operation.build
        return self.images.build_service(
            project.name, made.service, made.context, chosen.bases, self.sink, self.workspace.logs
        )

    def _carry_out(
        self,
        plan: Plan,
        project: Project,
        chosen: ChosenImages,
        access: Access,
        users: Mapping[str, Secret],
        guests: tuple[Party, ...],
    ) -> None:
        stop = Event()
        identity = Identity(project.name, self.workspace.origin)
        volume = f"create volume {labels.data_volume(project.name, 'broker')}"
        fresh = any(operation.id == volume for operation in plan.operations)
        upkeep = BrokerUpkeep(self.engine, project, users, fresh=fresh, discard=self.discard)

        def ready(spec: ContainerSpec) -> None:
            if spec.role == "registry":
                open_doors(access, guests)

        removals = Removals(self.engine, identity, access)
        with watching(self.engine, project.name, self.sink, timeout=self.timeout, stop=stop) as readiness:
            actions = Actions(
                self.engine,
                identity,
                access,
                readiness,
                removals,
                partial(self._build, project, chosen),
                upkeep,
                ready,
                timeout=self.timeout,
                stop=stop,
            )
            outcome = Executor(actions.run, self.sink, time.monotonic, stop).execute(plan)
            with taking_back(plan, outcome, actions.run):
                raise_failures(outcome, self.engine, f"project '{project.name}' is not healthy")
        if self.discard and not upkeep.done:
            for sentence in upkeep.tidy():
                self.sink.emit(Notice("info", sentence))

    @contextmanager
    def _access(self, project: Project) -> Iterator[Access]:
        access = Access(self.engine, project.name, token=lambda: management_token(self.workspace))
        try:
            yield access
        finally:
            access.close()


def _missing(build: Build) -> BuildImage:
    return BuildImage(subject=build.reference, build=build, service=build.service, reason="no image yet")
