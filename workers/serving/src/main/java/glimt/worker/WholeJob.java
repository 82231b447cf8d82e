package glimt.worker;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import glimt.artifact.Artifacts;
import glimt.bundle.DeviceMemory;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.job.Artifact;
import glimt.job.JobId;
import glimt.job.JobSpec;
import glimt.job.Lease;
import glimt.job.Outcome;
import glimt.job.Plan;
import glimt.job.Plan.PlannedTask;
import glimt.job.Product;
import glimt.job.Product.Role;
import glimt.job.Task;
import glimt.job.TaskId;
import glimt.job.Work;
import glimt.media.Ffmpeg;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A whole job in this process, without a farm: every task of its plan, one after the other, made as
 * a worker makes it.
 *
 * @param generation makes the tasks
 * @param bundle the one that the job asks for
 */
record WholeJob(Generation generation, LoadedBundle bundle) {
  private static final JobId ID = JobId.parse("00000000-0000-0000-0000-000000000001");

  /**
   * Makes a job of a bundle that no farm offers, on this machine's first device.
   *
   * @param folder the bundle's
   * @param artifacts where all that is made goes
   * @param cache where programs are unpacked
   * @return the file people open
   * @throws glimt.bundle.BundleException naming the file of the bundle and what is wrong with it
   * @throws glimt.job.InvalidSpec if the bundle cannot make what is asked for
   * @throws InterruptedException if the thread is interrupted
   */
  static Artifact made(Path folder, JobSpec spec, Artifacts artifacts, Path cache)
      throws InterruptedException {
    Device device = Engine.getEngine("PyTorch").getGpuCount() > 0 ? Device.gpu(0) : Device.cpu();
    Precision precision = DeviceSlot.usual(device);
    try (NDManager manager = NDManager.newBaseManager(device);
        NetworkCache networks =
            new NetworkCache(device, precision, DeviceMemory.forWeights(device))) {
      LoadedBundle bundle = new LoadedBundle(folder, networks);
      Generation generation =
          new Generation(
              Map.of(bundle.card().name(), bundle),
              artifacts,
              Ffmpeg.unpackedIn(cache),
              manager,
              NumericClass.of(device, precision),
              networks::weights);
      return new WholeJob(generation, bundle)
          .products(spec).stream()
              .flatMap(List::stream)
              .filter(product -> product.role() == Role.MEDIA)
              .reduce((_, later) -> later)
              .orElseThrow()
              .artifact();
    }
  }

  /** What each task of the job's plan makes, in the plan's order. */
  List<List<Product>> products(JobSpec spec) throws InterruptedException {
    return products(spec, Plan.of(spec, bundle.card()), Map.of());
  }

  /**
   * What each task of a plan makes, in the plan's order.
   *
   * @param done what was made before, which the plan may take over, by its work
   */
  List<List<Product>> products(JobSpec spec, Plan plan, Map<Work, List<Product>> done)
      throws InterruptedException {
    List<List<Product>> products = new ArrayList<>();
    for (PlannedTask planned : plan.tasks()) {
      if (planned.taken()) {
        products.add(Objects.requireNonNull(done.get(planned.work())));
        continue;
      }
      Task task = task(spec, planned, products);
      Outcome outcome = generation.make(task, new Attempt(task, _ -> {}, _ -> {}));
      if (!(outcome instanceof Outcome.Succeeded succeeded)) {
        throw new IllegalStateException("%s ended as %s".formatted(planned.work(), outcome));
      }
      products.add(succeeded.products());
    }
    return products;
  }

  /** A task whose inputs are there. */
  Task task(JobSpec spec, PlannedTask planned, List<List<Product>> products) {
    List<Task.Input> inputs =
        planned.inputs().stream()
            .flatMap(
                input ->
                    products.get(input.task()).stream()
                        .filter(product -> product.role() == Role.SAMPLE)
                        .map(product -> new Task.Input(input.port(), product.artifact().id())))
            .toList();
    return new Task(
        new Lease(new TaskId(planned.ordinal() + 1L), 1),
        ID,
        spec,
        bundle.digest(),
        planned.ordinal(),
        planned.work(),
        inputs,
        List.of(),
        List.of());
  }
}
