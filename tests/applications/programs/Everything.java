import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.*;
import java.net.http.*;
import java.nio.ByteBuffer;
import java.nio.channels.*;
import java.nio.file.*;
import java.util.*;
import java.util.concurrent.*;
import java.util.stream.*;

/** Java's ways to processes, sockets, threads and files. */
public class Everything {
    static final String HOST = "10.99.0.1";

    public static void main(String[] arguments) throws Exception {
        processes();
        pages();
        channels();
        names();
        files();
        System.out.println("the end");
        System.exit(0);
    }

    static void processes() throws Exception {
        Process echo = new ProcessBuilder("sh", "-c", "read line; echo got $line; exit 3").redirectErrorStream(true).start();
        echo.outputWriter().append("a line\n").close();
        System.out.println(echo.inputReader().readLine() + " " + echo.waitFor());
        ExecutorService pool = Executors.newFixedThreadPool(8);
        List<Callable<Integer>> jobs = IntStream.range(0, 40)
            .<Callable<Integer>>mapToObj(number -> () -> new ProcessBuilder("sh", "-c", "exit " + number).start().waitFor())
            .toList();
        int sum = 0;
        for (Future<Integer> job : pool.invokeAll(jobs)) {
            sum += job.get();
        }
        pool.shutdown();
        System.out.println("sum " + sum);
        List<Process> pipeline = ProcessBuilder.startPipeline(List.of(new ProcessBuilder("seq", "100"), new ProcessBuilder("wc", "-l")));
        System.out.println(pipeline.get(1).inputReader().readLine().strip());
        try {
            new ProcessBuilder("/missing").start();
        } catch (IOException error) {
            System.out.println(error.getMessage());
        }
        Process sleeper = new ProcessBuilder("sleep", "30").start();
        System.out.println(sleeper.toHandle().info().command().isPresent());
        sleeper.destroyForcibly();
        System.out.println(sleeper.waitFor());
    }

    static void pages() throws Exception {
        HttpServer server = HttpServer.create(new InetSocketAddress(8080), 100);
        server.setExecutor(Executors.newFixedThreadPool(4));
        server.createContext("/", exchange -> {
            byte[] body = exchange.getRequestURI().getPath().getBytes();
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        server.start();
        HttpClient client = HttpClient.newBuilder().connectTimeout(java.time.Duration.ofSeconds(10)).build();
        List<CompletableFuture<HttpResponse<String>>> answers = IntStream.range(0, 100)
            .mapToObj(number -> HttpRequest.newBuilder(URI.create("http://service.test:8080/" + number)).build())
            .map(request -> client.sendAsync(request, HttpResponse.BodyHandlers.ofString()))
            .toList();
        Set<String> bodies = new TreeSet<>();
        for (CompletableFuture<HttpResponse<String>> answer : answers) {
            bodies.add(answer.get().body());
        }
        System.out.println("pages " + bodies.size());
        System.out.println(new String(new URL("http://" + HOST + ":8080/old").openStream().readAllBytes()));
        server.stop(0);
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(HOST, 8079), 5000);
        } catch (ConnectException error) {
            System.out.println(error.getMessage());
        }
    }

    static void channels() throws Exception {
        try (Selector selector = Selector.open(); ServerSocketChannel server = ServerSocketChannel.open()) {
            server.bind(new InetSocketAddress(HOST, 8081)).configureBlocking(false);
            server.register(selector, SelectionKey.OP_ACCEPT);
            try (SocketChannel client = SocketChannel.open()) {
                client.configureBlocking(false);
                client.connect(new InetSocketAddress(HOST, 8081));
                selector.select(10_000);
                SocketChannel accepted = server.accept();
                while (!client.finishConnect()) {
                    Thread.onSpinWait();
                }
                accepted.write(ByteBuffer.wrap("selected".getBytes()));
                accepted.close();
                client.configureBlocking(true);
                ByteBuffer buffer = ByteBuffer.allocate(100);
                while (client.read(buffer) >= 0) {
                }
                System.out.println(new String(buffer.array(), 0, buffer.position()));
            }
        }
        try (DatagramChannel server = DatagramChannel.open(); DatagramSocket client = new DatagramSocket()) {
            server.bind(new InetSocketAddress(HOST, 8082));
            client.send(new DatagramPacket(new byte[] {1, 2, 3}, 3, InetAddress.getByName(HOST), 8082));
            ByteBuffer buffer = ByteBuffer.allocate(100);
            server.receive(buffer);
            System.out.println("datagram " + buffer.position());
        }
    }

    static void names() throws Exception {
        System.out.println(Arrays.stream(InetAddress.getAllByName("twice.test")).map(InetAddress::getHostAddress).sorted().toList());
        System.out.println(NetworkInterface.getByName("lo").isLoopback());
    }

    static void files() throws Exception {
        Path directory = Files.createTempDirectory(Path.of("/data"), "java");
        Path file = Files.writeString(directory.resolve("file"), "content");
        Files.setPosixFilePermissions(file, java.nio.file.attribute.PosixFilePermissions.fromString("rw-r-----"));
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE); FileLock lock = channel.lock()) {
            System.out.println(channel.map(FileChannel.MapMode.READ_WRITE, 0, 7).get(0));
        }
        Files.move(file, Path.of("/data/moved"), StandardCopyOption.ATOMIC_MOVE);
        Files.delete(Path.of("/data/moved"));
        Files.delete(directory);
    }
}
