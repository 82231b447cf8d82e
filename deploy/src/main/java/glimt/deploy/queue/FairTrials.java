package glimt.deploy.queue;

import glimt.deploy.queue.Load.Size;
import glimt.deploy.queue.SimulatedFarm.SimulatedJob;
import glimt.deploy.queue.SimulatedWorker.DeviceLog;
import glimt.job.JobClass;
import glimt.job.JobLimits;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.job.Work;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/** The measurements of {@code glimt bench fair}, on a farm that does nothing else meanwhile. */
final class FairTrials {
  /** Tenants whose shares are measured, and their weights. */
  static final Map<String, Double> WEIGHTS =
      new TreeMap<>(Map.of("weight-1", 1.0, "weight-2", 2.0, "weight-4", 4.0));

  private static final int SHORT_STEPS = 10;
  private static final int LONG_STEPS = 100;
  private static final double LOAD = 0.9;

  /** The share of the load that short jobs are. */
  private static final double SHORT_SHARE = 0.3;

  /** A job should take no more than so many times what it takes alone. */
  private static final double SLO = 3;

  private final SimulatedFarm farm;
  private final int devices;
  private final double seconds;
  private final Duration step;
  private final long seed;
  private final Map<Integer, Double> alone = new HashMap<>();

  /**
   * @param seconds how long jobs arrive in each trial
   * @param step what a step takes
   */
  FairTrials(SimulatedFarm farm, int devices, double seconds, Duration step, long seed) {
    this.farm = farm;
    this.devices = devices;
    this.seconds = seconds;
    this.step = step;
    this.seed = seed;
    farm.weigh("people", 1);
    farm.weigh("batch", 1);
    WEIGHTS.forEach(farm::weigh);
  }

  /**
   * How a mix of short and long jobs went.
   *
   * @param missed the jobs that took more than {@link #SLO} times what they take alone
   * @param preempted how often a device was taken from a task
   * @param lost the seconds between such a task's end and the next task of its device, of all
   *     seconds of the devices
   * @param repeated the steps that were done more than once
   */
  record Mix(int jobs, int missed, int preempted, double lost, int repeated) {}

  /** How long a job of so many steps takes with the farm to itself, in seconds; measured once. */
  private double alone(int steps) {
    return alone.computeIfAbsent(steps, this::measureAlone);
  }

  private double measureAlone(int steps) {
    List<Double> times = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      times.add(farm.untilEnd(submit("default", JobClass.NORMAL, steps)));
    }
    farm.clear();
    return times.stream().sorted().toList().get(1);
  }

  /**
   * Lets short and long jobs arrive at random at 90 % of what the devices can do; with the same
   * seed the same ones at the same times.
   *
   * @param fair whether short jobs are urgent and long ones bulk work of another tenant; otherwise
   *     all are one tenant's normal jobs, first come, first served
   */
  Mix mix(boolean fair) {
    double aloneShort = alone(SHORT_STEPS);
    double aloneLong = alone(LONG_STEPS);
    double mean =
        1 / (SHORT_SHARE / seconds(SHORT_STEPS) + (1 - SHORT_SHARE) / seconds(LONG_STEPS));
    double shorts = SHORT_SHARE / seconds(SHORT_STEPS) * mean;
    SplittableRandom random = new SplittableRandom(seed);
    List<SimulatedJob> quick = new ArrayList<>();
    List<SimulatedJob> slow = new ArrayList<>();
    long begin = System.nanoTime();
    for (double at = 0; at < seconds; ) {
      at += -Math.log(1 - random.nextDouble()) * mean / (LOAD * devices);
      boolean isShort = random.nextDouble() < shorts;
      LockSupport.parkNanos(begin + (long) (at * 1e9) - System.nanoTime());
      (isShort ? quick : slow)
          .add(
              isShort
                  ? submit("people", fair ? JobClass.URGENT : JobClass.NORMAL, SHORT_STEPS)
                  : submit(
                      fair ? "batch" : "people",
                      fair ? JobClass.BULK : JobClass.NORMAL,
                      LONG_STEPS));
    }
    long missed =
        quick.stream().filter(job -> farm.untilEnd(job) > SLO * aloneShort).count()
            + slow.stream().filter(job -> farm.untilEnd(job) > SLO * aloneLong).count();
    List<DeviceLog> log = ended();
    Mix mix =
        new Mix(
            quick.size() + slow.size(),
            (int) missed,
            (int) log.stream().filter(DeviceLog::yielded).count(),
            lost(log),
            log.stream().filter(FairTrials::isSample).mapToInt(DeviceLog::done).sum()
                - SHORT_STEPS * quick.size()
                - LONG_STEPS * slow.size());
    farm.clear();
    return mix;
  }

  /**
   * The seconds that urgent jobs wait, one at a time, until a device of a full farm has them. Two
   * for each device: a task makes room three times at most.
   */
  List<Double> urgentWaits() {
    for (int i = 0; i < 3 * devices; i++) {
      submit("batch", JobClass.NORMAL, 10 * LONG_STEPS);
    }
    SimulatedFarm.await("all devices are busy", () -> farm.log().size() >= devices);
    List<Double> waits = new ArrayList<>();
    for (int i = 0; i < 2 * devices; i++) {
      SimulatedJob urgent = submit("people", JobClass.URGENT, SHORT_STEPS);
      waits.add(farm.untilRun(urgent));
      farm.untilEnd(urgent);
    }
    farm.clear();
    return waits.stream().sorted().toList();
  }

  /** The device-seconds that each of {@link #WEIGHTS} had while all had work, of those of all. */
  Map<String, Double> shares() {
    // As many as all devices could do in the time, for each.
    int jobs = (int) Math.ceil(devices * seconds / seconds(SHORT_STEPS)) + devices;
    long begin = 0;
    for (int i = 0; i < jobs; i++) {
      for (String tenant : WEIGHTS.keySet()) {
        submit(tenant, JobClass.NORMAL, SHORT_STEPS);
      }
      if (i == devices) {
        begin = System.nanoTime();
      }
    }
    long from = begin;
    long until = from + (long) (seconds * 1e9);
    SimulatedFarm.await("the time is over", () -> System.nanoTime() > until);
    Map<String, Double> had =
        ended().stream()
            .filter(one -> one.began() > from && one.ended() < until)
            .collect(
                Collectors.groupingBy(
                    one -> farm.of(one).tenant(), Collectors.summingDouble(DeviceLog::seconds)));
    double all = had.values().stream().mapToDouble(Double::doubleValue).sum();
    had.replaceAll((_, mine) -> mine / all);
    farm.clear();
    return had;
  }

  /**
   * How jobs with a deadline ended.
   *
   * @param early those that ended with a lower level than asked for
   * @param inTime those that succeeded, with a whole level before the deadline
   */
  record Limited(int jobs, int early, int inTime) {}

  /** Submits jobs of two levels that have the time for the first, and perhaps for the second. */
  Limited deadlines(int jobs) {
    double base = alone(LONG_STEPS);
    // So that the farm knows what each step takes, and plans.
    farm.untilEnd(farm.submit("people", JobClass.NORMAL, Size.DEFAULT, LONG_STEPS, JobLimits.NONE));
    List<SimulatedJob> limited = new ArrayList<>();
    for (int i = 0; i < jobs; i++) {
      Instant deadline =
          Instant.now(Clock.systemUTC()).plusMillis((long) (1000 * base * (1.1 + 0.05 * (i % 4))));
      SimulatedJob job =
          farm.submit(
              "people", JobClass.NORMAL, Size.DEFAULT, LONG_STEPS, new JobLimits(deadline, null));
      limited.add(job);
      if (limited.size() % devices == 0) {
        limited.forEach(this::awaitEnd);
      }
    }
    limited.forEach(this::awaitEnd);
    List<JobView> ends = limited.stream().map(farm::view).toList();
    Limited result =
        new Limited(
            jobs,
            (int) ends.stream().filter(job -> job.endedAtLevel() != null).count(),
            (int) limited.stream().filter(this::isInTime).count());
    farm.clear();
    return result;
  }

  /** A sweep may end a job after its deadline; its level must have been whole before. */
  private boolean isInTime(SimulatedJob job) {
    JobView end = farm.view(job);
    Instant deadline = end.limits().deadline();
    return end.state() == JobState.SUCCEEDED
        && deadline != null
        && farm.playable(job).filter(at -> !at.isAfter(deadline)).isPresent();
  }

  private void awaitEnd(SimulatedJob job) {
    SimulatedFarm.awaitLong("job " + job.id() + " ends", () -> farm.view(job).state().ended());
  }

  private SimulatedJob submit(String tenant, JobClass urgency, int steps) {
    return farm.submit(tenant, urgency, Size.SMALL, steps, JobLimits.NONE);
  }

  private double seconds(int steps) {
    return steps * step.toNanos() / 1e9;
  }

  private List<DeviceLog> ended() {
    return farm.log().stream().filter(one -> one.ended() != 0).toList();
  }

  private static boolean isSample(DeviceLog one) {
    return one.task().work() instanceof Work.Sample;
  }

  private static double lost(List<DeviceLog> log) {
    double lost = 0;
    double all = 0;
    for (List<DeviceLog> device :
        log.stream().collect(Collectors.groupingBy(DeviceLog::device)).values()) {
      List<DeviceLog> inOrder =
          device.stream().sorted(Comparator.comparingLong(DeviceLog::began)).toList();
      all += (inOrder.getLast().ended() - inOrder.getFirst().began()) / 1e9;
      for (int i = 1; i < inOrder.size(); i++) {
        DeviceLog before = inOrder.get(i - 1);
        lost += before.yielded() ? (inOrder.get(i).began() - before.ended()) / 1e9 : 0;
      }
    }
    return lost / all;
  }
}
