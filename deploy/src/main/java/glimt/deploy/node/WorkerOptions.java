package glimt.deploy.node;

import glimt.bundle.Precision;
import glimt.coordinator.Cadence;
import glimt.ledger.LeaseTerms;
import glimt.safety.c2pa.Signer;
import glimt.safety.filter.FilterSettings;
import glimt.worker.DeviceSlot;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import picocli.CommandLine.TypeConversionException;

/** Options that configure workers. A node passes them to its workers as environment variables. */
public final class WorkerOptions {
  private static final String PRECISION = "GLIMT_PRECISION";
  private static final String STEP_LIMIT = "GLIMT_STEP_LIMIT";
  private static final String SIGNER = "GLIMT_SIGNER";
  private static final String FILTER = "GLIMT_FILTER";
  private static final String FILTER_OPEN = "GLIMT_FILTER_OPEN";

  /** The word for files that are not signed. */
  private static final String NONE = "none";

  @Option(
      names = "--precision",
      paramLabel = "fp32|bf16|fp16",
      converter = PrecisionConverter.class,
      description =
          "Number format in which networks compute. Workers of different "
              + "precision never continue each other's tasks. "
              + "Default: "
              + PRECISION
              + ", else the device's fastest")
  private @Nullable Precision precision;

  @Option(
      names = "--step-limit",
      paramLabel = "SECONDS",
      description =
          "A worker whose step takes longer is considered hung and ended; "
              + "large networks on a CPU may need more. "
              + "Default: "
              + STEP_LIMIT
              + ", else 120")
  private @Nullable Integer stepLimit;

  @Option(
      names = "--signer",
      paramLabel = "DIR|none",
      description =
          "Folder with key.pem (Ed25519, PKCS#8) and chain.pem (X.509), with which "
              + "files say that they are generated, and how (C2PA). All nodes of a farm "
              + "need the same one. "
              + "Default: "
              + SIGNER
              + ", else one that the farm made for itself")
  private @Nullable String signer;

  @Option(
      names = "--filter",
      paramLabel = "on|off|URL",
      description =
          "What decides whether prompts, inputs and outputs may pass: glimt's own "
              + "filter, none, or your own behind a URL (the README has the contract). "
              + "All nodes of a farm need the same one. "
              + "Default: "
              + FILTER
              + ", else on")
  private @Nullable String filter;

  @Option(
      names = "--filter-open",
      description =
          "While the filter at the URL does not answer, everything passes. "
              + "Default: "
              + FILTER_OPEN
              + "=true; else nothing passes then")
  private boolean filterOpen;

  @Spec(Target.MIXEE)
  private @Nullable CommandSpec command;

  /**
   * The settings for the worker on a device slot.
   *
   * @param artifacts the folder that the farm shares, with the signer that it made for itself
   */
  public DeviceSlot.SlotSettings settings(int slot, Path artifacts) {
    return new DeviceSlot.SlotSettings(
        slot,
        precision(),
        checked().map(Duration::ofSeconds).orElse(Cadence.DEFAULT.stall()),
        Optional.of(signer().orElse(ownSigner(artifacts).toString()))
            .filter(chosen -> !chosen.equals(NONE))
            .map(folder -> read(Path.of(folder))),
        filter());
  }

  /** The filter of the farm, as the options or this process's environment name it. */
  public FilterSettings filter() {
    String which =
        Optional.ofNullable(filter).or(() -> Environment.word(FILTER)).orElse(FilterSettings.ON);
    boolean open =
        filterOpen || Environment.word(FILTER_OPEN).map(Boolean::parseBoolean).orElse(false);
    return filter(which, open);
  }

  /** The filter of a node whose workers have this environment. */
  static FilterSettings filter(Map<String, String> environment) {
    return new FilterSettings(
        environment.getOrDefault(FILTER, FilterSettings.ON),
        Boolean.parseBoolean(environment.getOrDefault(FILTER_OPEN, "false")));
  }

  private FilterSettings filter(String which, boolean open) {
    try {
      return new FilterSettings(which, open);
    } catch (IllegalArgumentException e) {
      throw bad("--filter " + e.getMessage());
    }
  }

  /** Returns whether workers with this environment sign with what the farm makes for itself. */
  static boolean needOwnSigner(Map<String, String> environment) {
    return !environment.containsKey(SIGNER);
  }

  /** The signer of workers with this environment; empty if they sign nothing. */
  static Optional<Signer> signer(Map<String, String> environment, Path artifacts) {
    String chosen = environment.getOrDefault(SIGNER, ownSigner(artifacts).toString());
    return chosen.equals(NONE) ? Optional.empty() : Optional.of(signerIn(Path.of(chosen)));
  }

  private static Signer signerIn(Path folder) {
    try {
      return Signer.of(folder);
    } catch (IOException e) {
      throw new DeployException(
          "the signer %s cannot be used: %s".formatted(folder, e.getMessage()), e);
    }
  }

  /** The signer that a farm makes for itself, beside the artifacts, which all its nodes share. */
  static Path ownSigner(Path artifacts) {
    return artifacts.resolve("signer");
  }

  /** The environment variables that pass these options to a worker's process. */
  public Map<String, String> environment() {
    Map<String, String> words = new HashMap<>();
    precision().ifPresent(chosen -> words.put(PRECISION, PrecisionConverter.nameOf(chosen)));
    checked().ifPresent(seconds -> words.put(STEP_LIMIT, Integer.toString(seconds)));
    signer().ifPresent(chosen -> words.put(SIGNER, chosen));
    words.put(FILTER, filter().which());
    words.put(FILTER_OPEN, Boolean.toString(filter().open()));
    return words;
  }

  /** The folder of a signer that can be used, or {@link #NONE}; empty for the farm's own. */
  private Optional<String> signer() {
    Optional<String> chosen = Optional.ofNullable(signer).or(() -> Environment.word(SIGNER));
    return chosen.map(
        word -> {
          if (word.equals(NONE)) {
            return word;
          }
          Path folder = Path.of(word).toAbsolutePath().normalize();
          read(folder);
          return folder.toString();
        });
  }

  private Signer read(Path folder) {
    try {
      return Signer.of(folder);
    } catch (IOException e) {
      throw bad("--signer %s cannot be used: %s".formatted(folder, e.getMessage()));
    }
  }

  private Optional<Precision> precision() {
    try {
      return Optional.ofNullable(precision)
          .or(() -> Environment.word(PRECISION).map(new PrecisionConverter()::convert));
    } catch (TypeConversionException e) {
      throw bad(PRECISION + " " + e.getMessage());
    }
  }

  private Optional<Integer> stepLimit() {
    try {
      return Optional.ofNullable(stepLimit)
          .or(() -> Environment.word(STEP_LIMIT).map(Integer::valueOf));
    } catch (NumberFormatException e) {
      throw bad(STEP_LIMIT + " must be a whole number of seconds: " + e.getMessage());
    }
  }

  private RuntimeException bad(String why) {
    return command == null
        ? new IllegalArgumentException(why)
        : new ParameterException(command.commandLine(), why);
  }

  /** The limit must exceed a lease and may not exceed the time that the ledger allows a step. */
  private Optional<Integer> checked() {
    long least = Cadence.DEFAULT.lease().toSeconds() + 1;
    long most = LeaseTerms.USUAL.stall().toSeconds();
    Optional<Integer> limit = stepLimit();
    if (limit.isPresent() && (limit.get() < least || limit.get() > most)) {
      throw bad("--step-limit must be %s to %s, not %s".formatted(least, most, limit.get()));
    }
    return limit;
  }

  /** Converts precisions from and to their usual short names. */
  private static final class PrecisionConverter implements ITypeConverter<Precision> {
    @Override
    public Precision convert(String name) {
      return switch (name) {
        case "fp32" -> Precision.FLOAT32;
        case "bf16" -> Precision.BFLOAT16;
        case "fp16" -> Precision.FLOAT16;
        default ->
            throw new TypeConversionException("must be fp32, bf16 or fp16, not '" + name + "'");
      };
    }

    static String nameOf(Precision precision) {
      return switch (precision) {
        case FLOAT32 -> "fp32";
        case BFLOAT16 -> "bf16";
        case FLOAT16 -> "fp16";
      };
    }
  }
}
