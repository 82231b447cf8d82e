package glimt.gateway;

import glimt.coordinator.Farm;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.ledger.Jobs;
import io.vertx.core.Future;

/** Cancels jobs, whichever API asks for it. */
final class Cancelling {
  private final RequestContext desk;
  private final Jobs jobs;
  private final Farm farm;

  Cancelling(RequestContext desk, Jobs jobs, Farm farm) {
    this.desk = desk;
    this.jobs = jobs;
    this.farm = farm;
  }

  /**
   * Cancels a job and tells the workers.
   *
   * @return the job; fails with 409 if it had ended before, other than by being cancelled
   */
  Future<JobView> cancel(JobView job) {
    return desk.ask(
            () -> jobs.cancel(job.tenant(), job.id()).orElseThrow(RequestContext::noSuchJob))
        .map(
            now -> {
              if (now.state() != JobState.CANCELLED) {
                throw Problem.ended(now.state(), "there is nothing to cancel").refusal();
              }
              farm.changed(now.id());
              return now;
            });
  }
}
