package glimt.worker;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDManager;
import glimt.artifact.Artifacts;
import glimt.bundle.BundleException;
import glimt.bundle.DeviceMemory;
import glimt.bundle.NetworkCache;
import glimt.bundle.NumericClass;
import glimt.bundle.Precision;
import glimt.coordinator.Cadence;
import glimt.job.ArtifactId;
import glimt.job.WorkerCard;
import glimt.job.WorkerId;
import glimt.media.Ffmpeg;
import glimt.safety.c2pa.Signer;
import glimt.safety.filter.FilterSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs a worker on one device: a GPU if the engine finds one, otherwise the CPU. */
public final class DeviceSlot {
  private static final Logger log = LoggerFactory.getLogger(DeviceSlot.class);

  private DeviceSlot() {}

  /**
   * How a slot computes.
   *
   * @param slot the number of the slot on this machine, from 0; slots are spread over the GPUs
   * @param precision the precision of networks; empty means the fastest one of the device
   * @param stepLimit how long one step may take before the worker counts as hanging
   * @param signer signs the files that it makes; empty to leave them unsigned
   * @param filter decides what may pass
   */
  public record SlotSettings(
      int slot,
      Optional<Precision> precision,
      Duration stepLimit,
      Optional<Signer> signer,
      FilterSettings filter) {}

  /**
   * Works for a farm until it is told to stop; see {@link WorkerProcess#run}.
   *
   * @param farm the cluster address of the parent process
   * @param id the id of this worker process
   * @param folders the folders of bundles; invalid bundles are logged and skipped
   * @param cache the folder into which FFmpeg is unpacked
   */
  public static void work(
      String farm,
      WorkerId id,
      SlotSettings settings,
      List<Path> folders,
      Artifacts artifacts,
      Path cache) {
    int gpus = Engine.getEngine("PyTorch").getGpuCount();
    Device device = gpus > 0 ? Device.gpu(settings.slot() % gpus) : Device.cpu();
    Precision precision = settings.precision().orElseGet(() -> usual(device));
    String numericClass = NumericClass.of(device, precision);
    NetworkCache networks = new NetworkCache(device, precision, DeviceMemory.forWeights(device));
    Map<String, LoadedBundle> bundles = new HashMap<>();
    Map<String, ArtifactId> digests = new HashMap<>();
    for (Path folder : folders) {
      try {
        LoadedBundle bundle = new LoadedBundle(folder, networks);
        bundles.put(bundle.card().name(), bundle);
        digests.put(bundle.card().name(), bundle.digest());
      } catch (BundleException e) {
        log.warn("skipped the invalid bundle {}", folder, e);
      }
    }
    String name = device.isGpu() ? "cuda:" + device.getDeviceId() : "cpu";
    WorkerCard card =
        new WorkerCard(
            id,
            ProcessHandle.current().pid(),
            name,
            numericClass,
            digests,
            bundles.values().stream().flatMap(one -> one.restated().stream()).toList(),
            DeviceMemory.forWeights(device),
            List.of());
    try (NDManager manager = NDManager.newBaseManager(device)) {
      WorkerProcess.run(
          farm,
          card,
          new Generation(
              bundles,
              artifacts,
              Ffmpeg.unpackedIn(cache),
              manager,
              numericClass,
              networks::weights,
              settings.signer().orElse(null),
              settings.filter().ofPictures(manager)),
          Cadence.DEFAULT.withStall(settings.stepLimit()));
    }
  }

  static Precision usual(Device device) {
    return device.isGpu() ? Precision.BFLOAT16 : Precision.ofThisProcessor();
  }
}
