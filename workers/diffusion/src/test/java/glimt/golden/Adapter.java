package glimt.golden;

import com.fasterxml.jackson.databind.JsonNode;

/** Maps a source's configuration onto the library. */
@FunctionalInterface
interface Adapter {

  /**
   * Runs a case.
   *
   * @throws Verdict.Unlike when something is not known or not alike
   */
  void run(Settings config, JsonNode json, Replay replay);
}
