/**
 * A client of a farm's HTTP API for programs of the JVM, on the JDK's HTTP client and Jackson
 * alone. Start reading at {@link glimt.client.GlimtClient}. No actors, no SQL, no tensors.
 */
@NullMarked
package glimt.client;

import org.jspecify.annotations.NullMarked;
