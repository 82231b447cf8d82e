package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;

/** Maps the configuration of a reference implementation to the library. */
@FunctionalInterface
interface Adapter {

  /**
   * Runs a case.
   *
   * @throws Verdict.Unlike if a setting is unknown or a value differs
   */
  void run(Settings config, JsonNode json, Replay replay);
}
