using Kist.Client.Connections;
using MySqlConnector;

namespace Kist.Client.Tests.Connections;

public sealed class MySqlTests(TestServer server)
{
    private const int Rotations = 20;

    // The tables first, as mariadb-install-db makes them, which needs more programs than the server's package has.
    private const string Start = """
        set -e
        mkdir -p "$0/data/mysql"
        {
          echo 'use mysql;'
          cat /usr/share/m*/m*_system_tables.sql
          sed '/@current_hostname/d' /usr/share/m*/m*_system_tables_data.sql
          echo 'FLUSH PRIVILEGES;'
          echo "CREATE USER admin@'127.0.0.1';"
          echo "GRANT ALL ON *.* TO admin@'127.0.0.1' WITH GRANT OPTION;"
        } | mariadbd --no-defaults --bootstrap --datadir="$0/data" "$2"
        exec mariadbd --no-defaults --datadir="$0/data" --port="$1" --bind-address=127.0.0.1 --socket="$0/socket" \
          --pid-file="$0/pid" "$2"
        """;

    [Fact]
    public async Task APasswordIsRotatedUnderLoadWithoutAFailure()
    {
        var name = TestServer.NewName();
        using var database = await DaemonProcess.StartAsync((folder, port) =>
        [
            "sh", "-c", Start, folder, $"{port}",
            Environment.IsPrivilegedProcess ? "--user=root" : "--skip-name-resolve",
        ]);
        var root = $"Server=127.0.0.1;Port={database.Port};User ID=admin;Allow User Variables=true";
        await RunAsync(root, "CREATE USER app@'127.0.0.1' IDENTIFIED BY 'pass-0'");
        await server.PutAsync(name, "password", "pass-0");
        await using var client = server.NewClient();
        await client.Secrets.SettledAsync();
        var password = new LiveSecret(client, $"kist://secret/{name}#password");

        using var over = new CancellationTokenSource();
        var connected = 0;
        var working = Enumerable.Range(0, 10).Select(_ => Task.Run(async () =>
        {
            while (!over.IsCancellationRequested)
            {
                await using var connection = new MySqlConnection(
                    $"Server=127.0.0.1;Port={database.Port};User ID=app;Pooling=false")
                {
                    ProvidePasswordCallback = password.Provide,
                };
                await password.OpenAsync(connection);
                await using var command = new MySqlCommand("SELECT 1", connection);
                Assert.Equal(1, Convert.ToInt32(await command.ExecuteScalarAsync()));
                Interlocked.Increment(ref connected);
            }
        })).ToArray();
        for (var i = 1; i <= Rotations; i++)
        {
            var alter = $"ALTER USER app@'127.0.0.1' IDENTIFIED BY 'pass-{i}'";
            if (i % 2 == 0) await RunAsync(root, alter);
            await server.PutAsync(name, "password", $"pass-{i}");
            if (i % 2 == 1) await RunAsync(root, alter);
            var before = Volatile.Read(ref connected);
            await TestServer.UntilAsync(
                () => Volatile.Read(ref connected) >= before + 10 || working.Any(w => w.IsFaulted), "some connect");
        }
        await over.CancelAsync();
        await Task.WhenAll(working);
    }

    private static async Task RunAsync(string connectionString, string sql)
    {
        await using var connection = new MySqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new MySqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
