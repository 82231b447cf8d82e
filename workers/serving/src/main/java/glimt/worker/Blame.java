package glimt.worker;

import ai.djl.engine.EngineException;
import glimt.artifact.DamagedArtifact;
import glimt.bundle.BundleException;
import glimt.bundle.DeviceMemoryException;
import glimt.diffusion.DivergenceException;
import glimt.job.Fault;
import glimt.job.InvalidSpec;
import glimt.job.Outcome;
import glimt.storage.StorageException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Says what kind of fault a throwable is: would trying again help? */
final class Blame {
  private static final int SENTENCE = 300;

  private static final List<String> NO_ROOM =
      List.of(
          "out of memory", // CUDA, cuDNN
          "can't allocate memory", // the CPU's allocator
          "not enough memory", // the same, elsewhere
          "std::bad_alloc",
          "status_alloc_failed"); // cuBLAS, cuDNN

  /** Then comes a trace of many lines, and the reason is the last. */
  private static final String TRACE =
      "The following operation failed in the TorchScript interpreter.";

  private Blame() {}

  /** The input that is to be made again, if that is what was wrong. */
  static Optional<Outcome.Damaged> damage(Throwable broken) {
    for (Throwable cause = broken; cause != null; cause = cause.getCause()) {
      if (cause instanceof DamagedArtifact damaged) {
        return Optional.of(new Outcome.Damaged(damaged.id()));
      }
    }
    return Optional.empty();
  }

  /** The first cause that says what kind it is, in the words of that cause. */
  static Outcome.Failed of(Throwable broken) {
    for (Throwable cause = broken; cause != null; cause = cause.getCause()) {
      Fault fault = kind(cause);
      if (fault != Fault.INTERNAL) {
        return new Outcome.Failed(fault, sentence(cause));
      }
    }
    return new Outcome.Failed(Fault.INTERNAL, sentence(broken));
  }

  private static Fault kind(Throwable cause) {
    return switch (cause) {
      case OutOfMemoryError _, DeviceMemoryException _ -> Fault.OUT_OF_MEMORY;
      case EngineException e when outOfMemory(e) -> Fault.OUT_OF_MEMORY;
      case DivergenceException _ -> Fault.POISON;
      case StorageException _, IOException _, UncheckedIOException _ -> Fault.STORAGE;
      case BundleException _, InvalidSpec _ -> Fault.INVALID;
      default -> Fault.INTERNAL;
    };
  }

  /** As libtorch, CUDA and its libraries say it. */
  private static boolean outOfMemory(EngineException e) {
    String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
    return NO_ROOM.stream().anyMatch(message::contains);
  }

  private static String sentence(Throwable cause) {
    String message = cause.getMessage();
    if (message == null || message.isBlank()) {
      return cause.getClass().getSimpleName();
    }
    List<String> lines = message.strip().lines().toList();
    String line = lines.getFirst().equals(TRACE) ? lines.getLast().strip() : lines.getFirst();
    return line.length() <= SENTENCE ? line : line.substring(0, SENTENCE) + "…";
  }
}
