import java.io.*;
import java.net.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;

/** A service with a database password: threads, temporary files, one socket, a shutdown hook. */
public class App {
    public static void main(String[] arguments) throws Exception {
        if (arguments.length > 0 && arguments[0].equals("--broken-into")) {
            brokenInto();
            return;
        }
        System.out.println("agent " + System.getProperty("agent"));
        System.out.println("sum " + threads());
        System.out.println("temporary " + temporary());
        System.out.println("time zone " + TimeZone.getDefault().getID());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> System.out.println("drained")));
        serve();
    }

    static int threads() throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(8);
        List<Future<Integer>> parts = new ArrayList<>();
        for (int part = 0; part < 64; part++) {
            int number = part;
            parts.add(pool.submit(() -> number * number));
        }
        int sum = 0;
        for (Future<Integer> part : parts) {
            sum += part.get();
        }
        pool.shutdown();
        return sum;
    }

    static String temporary() throws IOException {
        Path file = Files.createTempFile("upload", ".part");
        Files.writeString(file, "kept for a moment");
        String text = Files.readString(file);
        Files.delete(file);
        return text;
    }

    /** Shows that it has the password, and not which one it is. */
    static void serve() throws IOException {
        try (ServerSocket server = new ServerSocket(8080)) {
            System.out.println("ready");
            while (true) {
                try (Socket client = server.accept()) {
                    BufferedReader reader = new BufferedReader(new InputStreamReader(client.getInputStream()));
                    String answer = reader.readLine() + " " + System.getenv("DB_PASSWORD").hashCode();
                    client.getOutputStream().write(answer.getBytes(StandardCharsets.UTF_8));
                }
            }
        }
    }

    static void brokenInto() throws Exception {
        try {
            Files.writeString(Path.of("/data/jar"), "x");
            System.out.println("written");
        } catch (IOException expected) {
            System.out.println("not written");
        }
        try {
            System.out.println("unshare " + new ProcessBuilder("/usr/bin/unshare", "--net", "true").start().waitFor());
        } catch (java.io.IOException refused) {
            System.out.println("unshare refused");
        }
        System.out.println("preload " + System.getenv("LD_PRELOAD"));
    }
}
