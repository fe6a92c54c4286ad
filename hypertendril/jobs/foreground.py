"""A study run in the terminal, with a progress bar.

It goes through the queue like any other job, so it is listed, can be cancelled from
elsewhere, and is finished by a worker if this process is killed.
"""

from __future__ import annotations

import signal
import sys

from tqdm import tqdm

from hypertendril.jobs.executors.place import Place, open_place
from hypertendril.jobs.queue.job_queue import LEASE_SECONDS, Job, JobQueue, Progress
from hypertendril.jobs.running.leased import run_leased
from hypertendril.jobs.running.orders import Order
from hypertendril.jobs.spec.job_spec import JobSpec
from hypertendril.jobs.worker import StopSignals
from hypertendril.model import Study
from hypertendril.settings import Settings, private_folder
from hypertendril.store.experiment_store import ExperimentStore


def run_here(spec: JobSpec, settings: Settings) -> tuple[Job, Study]:
    """Run a study to its end in this process; return its job and what it found.

    Ctrl-C cancels: trials under way are stopped and marked, what is done stays. A
    terminal that goes away does not: a worker, where there is one, goes on.

    Raises:
        HyperTendrilError: The data folder cannot be used.
        ClusterError: The cluster cannot be reached, or was lost; the job waits for a worker then.
    """
    private_folder(settings.data)
    with open_place(settings) as place:
        return _run_at(place, spec, settings)


def _run_at(place: Place, spec: JobSpec, settings: Settings) -> tuple[Job, Study]:
    queue = JobQueue(settings.queue)
    store = ExperimentStore.open(settings.store)
    owner = queue.new_owner()
    every_seconds = 0.2 if sys.stderr.isatty() else 10.0
    bar = tqdm(total=spec.budget.trials, desc=spec.name, unit="trial", mininterval=every_seconds)

    def watch(progress: Progress) -> None:
        best = "none yet" if progress.best is None else f"{progress.best:.5g}"
        bar.set_postfix_str(f"best {best}", refresh=False)
        bar.update(progress.done - bar.n)

    try:
        with StopSignals((signal.SIGINT,)) as interrupt, StopSignals(_LEAVE) as leave:

            def own_order() -> Order:
                if interrupt.is_set:
                    return Order.CANCEL
                return Order.RELEASE if leave.is_set else Order.GO_ON

            lease = queue.submit_claimed(spec, owner.name, LEASE_SECONDS)
            run_leased(queue, store, lease, place, own_order, watch)
        return queue.job(lease.job.id), store.snapshot(lease.job.id)
    finally:
        bar.close()
        owner.close()
        store.close()
        queue.close()


_LEAVE = (signal.SIGTERM, signal.SIGHUP)
