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

/** Translates what a maker throws into the outcome of the attempt. */
final class Blame {
  /** The longest reason that is reported, in characters. */
  private static final int SENTENCE = 300;

  /** Parts of the messages, in lower case, by which native libraries report a lack of memory. */
  private static final List<String> NO_ROOM =
      List.of(
          "out of memory", // CUDA, cuDNN
          "can't allocate memory", // libtorch's CPU allocator on Linux
          "not enough memory", // libtorch's CPU allocator on other systems
          "std::bad_alloc",
          "status_alloc_failed"); // cuBLAS, cuDNN

  /** The first line of TorchScript's traces, whose last line has the reason. */
  private static final String TRACE =
      "The following operation failed in the TorchScript interpreter.";

  private Blame() {}

  /** Returns the damaged input if that caused the failure; it must be made again. */
  static Optional<Outcome.Damaged> damage(Throwable broken) {
    for (Throwable cause = broken; cause != null; cause = cause.getCause()) {
      if (cause instanceof DamagedArtifact damaged) {
        return Optional.of(new Outcome.Damaged(damaged.id()));
      }
    }
    return Optional.empty();
  }

  /** Returns the failure with kind and message of the first cause whose kind is known. */
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
