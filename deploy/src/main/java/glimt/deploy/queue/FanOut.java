package glimt.deploy.queue;

import glimt.deploy.queue.SimulatedFarm.SimulatedJob;
import glimt.deploy.queue.SimulatedWorker.DeviceLog;
import glimt.job.Format;
import glimt.job.JobClass;
import glimt.job.JobLimits;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.SamplingOptions;
import glimt.job.Work;
import glimt.ledger.Bundles;
import glimt.model.Kind;
import glimt.postgres.EmbeddedPostgres;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How much sooner one job ends on more devices. A step takes in proportion to the positions of its
 * segment, as on a device; all else is real. The base is one segment and each level waits for the
 * one below, so the devices are not all busy all the time even if nothing else takes any.
 */
final class FanOut {
  /** Its clips are made by windows and tiles. */
  static final String BUNDLE = "tiles";

  static final int[] DEVICES = {2, 4, 8};

  /** The seconds of all steps together. */
  private static final double WHOLE = 60;

  private FanOut() {}

  static String aim(int devices) {
    return devices < 4 ? "" : devices == 4 ? "at least 90 %" : "at least 85 %";
  }

  /** The seconds from the submission of a clip to its end, on a farm of its own. */
  static double seconds(EmbeddedPostgres server, Bundles.CatalogueEntry bundle, int devices) {
    JobSpec spec = clip(bundle, Map.of());
    long all =
        Plan.of(spec, bundle.card()).tasks().stream()
            .map(Plan.PlannedTask::work)
            .filter(Work.Sample.class::isInstance)
            .mapToLong(Work::amount)
            .sum();
    double one = WHOLE / all;
    try (SimulatedFarm farm =
        new SimulatedFarm(
            server,
            bundle,
            devices,
            work -> Duration.ofNanos((long) (1e9 * one * work.amount() / work.steps())))) {
      awaken(farm, clip(bundle, Map.of("frames", 8, "height", 16, "width", 16)), devices);
      return farm.untilEnd(farm.submit("default", JobClass.NORMAL, spec, JobLimits.NONE));
    }
  }

  private static JobSpec clip(Bundles.CatalogueEntry bundle, Map<String, Integer> extents) {
    return new JobSpec(
        Kind.VIDEO,
        "a whale moves left over blue",
        bundle.card().name(),
        SamplingOptions.seeded(7),
        extents,
        Format.MP4);
  }

  /** Gives the farm small jobs until every device has had one. */
  private static void awaken(SimulatedFarm farm, JobSpec base, int devices) {
    while (farm.log().stream().map(DeviceLog::device).distinct().count() < devices) {
      List<SimulatedJob> jobs = new ArrayList<>();
      for (int i = 0; i < devices; i++) {
        jobs.add(farm.submit("default", JobClass.NORMAL, base, JobLimits.NONE));
      }
      jobs.forEach(farm::untilEnd);
    }
  }
}
