package glimt.deploy.queue;

import glimt.deploy.queue.Load.Size;
import glimt.deploy.queue.SimulatedFarm.SimulatedJob;
import glimt.job.JobClass;
import glimt.job.JobLimits;
import glimt.ledger.Audit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Submits urgent jobs to a full farm, one at a time. The worker that makes room for one dies as it
 * hands its task back, and the worker that is given the urgent task dies too.
 *
 * @param yielding the workers that died as they handed a task back
 * @param urgent the workers that died with an urgent task
 * @param steps the steps of the tasks that made room
 * @param repeated those of them that were done more than once
 */
record KillTrial(int yielding, int urgent, int steps, int repeated) {
  private static final int LONG_STEPS = 400;
  private static final int SHORT_STEPS = 10;

  /** Nothing else can be measured on the farm after this: its workers go on dying. */
  static KillTrial on(SimulatedFarm farm, int devices) {
    farm.killYielding();
    List<SimulatedJob> lesser = new ArrayList<>();
    for (int i = 0; i < devices; i++) {
      lesser.add(submit(farm, "batch", JobClass.NORMAL, LONG_STEPS));
    }
    SimulatedFarm.await("all devices are busy", () -> farm.walkers(lesser).size() == devices);
    List<SimulatedJob> urgent = new ArrayList<>();
    // Two for each device: a task makes room three times at most.
    for (int i = 0; i < 2 * devices; i++) {
      SimulatedJob job = submit(farm, "people", JobClass.URGENT, SHORT_STEPS);
      urgent.add(job);
      // A machine that is busy with other things may see it too late.
      SimulatedFarm.await(
          "it has a device", () -> !farm.walkers(List.of(job)).isEmpty() || farm.isDone(job));
      farm.walkers(List.of(job)).forEach(farm::kill);
      farm.untilEnd(job);
    }
    lesser.forEach(farm::untilEnd);
    Collection<List<Audit.Begun>> tasks = tasks(farm, lesser);
    KillTrial trial =
        new KillTrial(
            again(tasks),
            again(tasks(farm, urgent)),
            lesser.size() * LONG_STEPS,
            tasks.stream().mapToInt(KillTrial::repeated).sum());
    farm.clear();
    return trial;
  }

  private static SimulatedJob submit(
      SimulatedFarm farm, String tenant, JobClass urgency, int steps) {
    return farm.submit(tenant, urgency, Size.SMALL, steps, JobLimits.NONE);
  }

  /** The attempts at each task, but those that were handed back untouched. */
  private static Collection<List<Audit.Begun>> tasks(SimulatedFarm farm, List<SimulatedJob> jobs) {
    return jobs.stream()
        .flatMap(job -> farm.attempts(job).stream())
        .filter(attempt -> !attempt.outcome().equals("yielded") || attempt.steps() > 0)
        .collect(Collectors.groupingBy(attempt -> attempt.lease().task()))
        .values();
  }

  private static int again(Collection<List<Audit.Begun>> tasks) {
    return tasks.stream().mapToInt(tries -> tries.size() - 1).sum();
  }

  private static int repeated(List<Audit.Begun> tries) {
    int repeated = 0;
    for (int i = 1; i < tries.size(); i++) {
      Audit.Begun before = tries.get(i - 1);
      repeated += Math.max(0, before.resumedFrom() + before.steps() - tries.get(i).resumedFrom());
    }
    return repeated;
  }
}
