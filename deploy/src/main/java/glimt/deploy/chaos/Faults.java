package glimt.deploy.chaos;

import java.util.List;
import java.util.stream.Stream;

/** Every fault there is. */
final class Faults {
  static final List<FarmFault> ALL =
      Stream.of(WorkerFaults.ALL, NodeFaults.ALL, MemoryFaults.ALL).flatMap(List::stream).toList();

  private Faults() {}

  /** The bundles that these are made with, beside the usual. */
  static List<Tampered> bundles(List<FarmFault> chosen) {
    return Stream.of(Tampered.values())
        .filter(one -> chosen.stream().anyMatch(fault -> fault.name().equals(one.bundle())))
        .toList();
  }
}
