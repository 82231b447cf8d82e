package glimt.deploy.chaos;

import static java.util.stream.Collectors.toCollection;

import glimt.deploy.node.AtExit;
import glimt.deploy.node.DeployException;
import glimt.deploy.node.Home;
import glimt.deploy.node.HomeOption;
import glimt.deploy.node.Logs;
import glimt.deploy.node.Program;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code glimt chaos}: tests how a farm survives faults. */
@Command(
    name = "chaos",
    description = {
      "Injects faults into a farm of real processes, and checks that it survives them.",
      "The farm has a PostgreSQL of its own and makes small videos and point clouds; each fault is",
      "injected at a moment that the seed chooses. The checks cover the database, the files, what a",
      "client saw, and that all bytes are those of an undisturbed run.",
      "The work lost per kill is an upper bound: everything after the worker's last heartbeat, which",
      "is at most 2 s old, counts as lost."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  glimt chaos --seeds 1 --only worker-killed --only postgres-crashed",
      "  glimt chaos --seeds 10 --minutes 240"
    })
public final class Chaos implements Callable<Integer> {
  private static final String HEAP = "-Xmx192m";

  @Option(
      names = "--seeds",
      defaultValue = "1",
      description = "How often each fault is injected; see --list for exceptions. Default: 1")
  private int seeds;

  @Option(
      names = "--first-seed",
      paramLabel = "SEED",
      defaultValue = "1",
      description = "The first seed; the others follow it. Default: 1")
  private long firstSeed;

  @Option(
      names = "--minutes",
      defaultValue = "60",
      description = "No fault is injected after this many minutes. Default: 60")
  private int minutes;

  @Option(
      names = "--only",
      paramLabel = "FAULT",
      description = "Inject only this fault; may be repeated.")
  private List<String> only = List.of();

  @Option(names = "--list", description = "List the faults and exit.")
  private boolean list;

  @Mixin private HomeOption home;

  @Spec private CommandSpec command;

  /** The sums over all trials. */
  private static final class Tally {
    private int survived;
    private int happened;
    private int lost;
    private int duplicates;
    private int identical;
    private int compared;
    private int left;
    private final LostWork lostWork = new LostWork();
    private final Map<String, String> skipped = new TreeMap<>();

    boolean well() {
      return happened > 0
          && survived == happened
          && lost == 0
          && duplicates == 0
          && identical == compared;
    }
  }

  @Override
  public Integer call() throws IOException {
    if (list) {
      Faults.ALL.forEach(System.out::println);
      return 0;
    }
    if (seeds < 1 || minutes < 1) {
      throw new ParameterException(command.commandLine(), "--seeds and --minutes must be positive");
    }
    List<FarmFault> chosen = chosen();
    if (!Namespace.isHere() && Namespace.isPossible()) {
      return Namespace.run(
          Program.command(
              List.of(HEAP), command.root().commandLine().getParseResult().originalArgs()));
    }
    Home at = home.open();
    Logs.to(at.logs().resolve("chaos.log"));
    Path place = Files.createTempDirectory(at.folder(), "chaos");
    Tally tally = new Tally();
    try (AtExit exit = new AtExit()) {
      exit.open(
          () -> tally,
          all -> {
            tell(all);
            if (all.well()) {
              delete(place);
            } else {
              say("the files and logs of the farm are kept in " + place);
            }
          });
      run(exit, Home.open(place), chosen, tally);
    }
    return tally.well() ? 0 : 1;
  }

  private List<FarmFault> chosen() {
    for (String name : only) {
      if (Faults.ALL.stream().noneMatch(fault -> fault.name().equals(name))) {
        throw new ParameterException(
            command.commandLine(), "there is no fault '%s'; see --list".formatted(name));
      }
    }
    return Faults.ALL.stream()
        .filter(fault -> only.isEmpty() || only.contains(fault.name()))
        .toList();
  }

  private void run(AtExit exit, Home place, List<FarmFault> chosen, Tally tally) {
    List<FarmFault> possible = new ArrayList<>();
    for (FarmFault fault : chosen) {
      Optional<String> hindrance = fault.hindrance().get();
      hindrance.ifPresent(why -> tally.skipped.put(fault.name(), why));
      if (hindrance.isEmpty()) {
        possible.add(fault);
      }
    }
    long began = System.nanoTime();
    say("starting a farm of %s nodes".formatted(Victim.NODES));
    Victim farm = exit.open(() -> Victim.in(place, Tmpfs.isPossible()));
    farm.begin(Faults.bundles(possible));
    say(String.format(Locale.ROOT, "the farm runs after %.0f s", since(began)));
    Witness client = exit.open(() -> new Witness(farm.gateway()));
    Undisturbed undisturbed = new Undisturbed(farm, client);
    tally.left = possible.stream().mapToInt(fault -> Math.min(seeds, fault.seeds())).sum();
    for (long seed = firstSeed; seed < firstSeed + seeds; seed++) {
      RandomGenerator order = generator(seed);
      long before = seed - firstSeed;
      List<FarmFault> waiting =
          possible.stream()
              .filter(fault -> before < fault.seeds())
              .collect(toCollection(ArrayList::new));
      while (!waiting.isEmpty() && since(began) < 60.0 * minutes && !exit.closed()) {
        FarmFault fault = waiting.remove(order.nextInt(waiting.size()));
        tally.left--;
        RandomGenerator random = generator(seed * 31 + fault.name().hashCode());
        happen(exit, fault, seed, new Trial(farm, client, undisturbed, random), tally);
      }
    }
  }

  private static void happen(AtExit exit, FarmFault fault, long seed, Trial trial, Tally tally) {
    long began = System.nanoTime();
    Optional<String> skipped = Optional.empty();
    Verdict verdict;
    try {
      try {
        fault.injection().happen(trial);
      } catch (FarmFault.NotInjected e) {
        skipped = Optional.of(e.why());
      }
      trial.awaitWhole();
      verdict = Verdict.on(trial);
      tally.lostWork.add(trial.losses());
    } catch (Exception e) {
      // Catch everything, so that the trials continue; Pekko throws undeclared checked exceptions.
      verdict = Verdict.broken(trial, e);
    }
    if (exit.closed()) {
      // The farm was stopped during this trial, so its verdict does not count.
      tally.left++;
      return;
    }
    tally.lost += verdict.lost();
    tally.duplicates += verdict.duplicates();
    tally.identical += verdict.identical();
    tally.compared += verdict.compared();
    String what = "survived";
    if (!verdict.survived()) {
      tally.happened++;
      what = "FAILED";
    } else if (skipped.isPresent()) {
      tally.skipped.put(fault.name(), skipped.get());
      what = "skipped (%s)".formatted(skipped.get());
    } else {
      tally.happened++;
      tally.survived++;
    }
    System.out.printf(
        Locale.ROOT,
        "seed %s  %-24s %s in %.0f s  %s%n",
        seed,
        fault.name(),
        what,
        since(began),
        trial.story());
    verdict.breaches().forEach(breach -> System.out.println("    " + breach));
  }

  /** Prints the sums, also when Ctrl-C ends the run. */
  private void tell(Tally tally) {
    System.out.printf("seeds %s to %s%n", firstSeed, firstSeed + seeds - 1);
    if (tally.left > 0) {
      System.out.printf("%s faults were not injected, for lack of time%n", tally.left);
    }
    if (!tally.skipped.isEmpty()) {
      System.out.printf(
          "skipped %s: %s%n", tally.skipped.size(), String.join(", ", tally.skipped.keySet()));
      tally.skipped.forEach((name, why) -> say("%s was skipped: %s".formatted(name, why)));
    }
    System.out.println(tally.lostWork.line());
    System.out.printf(
        "faults survived %s of %s, jobs lost %s, duplicates %s, bytes identical %s of %s%n",
        tally.survived,
        tally.happened,
        tally.lost,
        tally.duplicates,
        tally.identical,
        tally.compared);
  }

  private static RandomGenerator generator(long seed) {
    return RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
  }

  private static double since(long nanos) {
    return (System.nanoTime() - nanos) / (double) Duration.ofSeconds(1).toNanos();
  }

  private static void say(String line) {
    System.err.println("glimt: " + line);
  }

  private static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      throw new DeployException("the folder %s could not be removed".formatted(folder), e);
    }
  }
}
