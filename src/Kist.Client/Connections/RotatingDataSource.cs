using System.Data.Common;

namespace Kist.Client.Connections;

/// <summary>
/// A data source (Npgsql's, MySqlConnector's) whose password may be rotated at any time: connections that are open
/// stay, and one that is refused while it opens is opened again with the password that the store has then. Give the
/// inner one <see cref="LiveSecret.Provide"/> as its password provider.
/// </summary>
public sealed class RotatingDataSource(DbDataSource inner, LiveSecret password) : DbDataSource
{
    /// <inheritdoc/>
    public override string ConnectionString => inner.ConnectionString;

    /// <inheritdoc/>
    protected override DbConnection CreateDbConnection() => inner.CreateConnection();

    /// <inheritdoc/>
    protected override DbConnection OpenDbConnection() =>
        Task.Run(() => OpenDbConnectionAsync().AsTask()).GetAwaiter().GetResult();

    /// <inheritdoc/>
    protected override async ValueTask<DbConnection> OpenDbConnectionAsync(
        CancellationToken cancellationToken = default)
    {
        var connection = inner.CreateConnection();
        try
        {
            await password.OpenAsync(connection, cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    protected override DbCommand CreateDbCommand(string? commandText = null)
    {
        var connection = inner.CreateConnection();
        var command = connection.CreateCommand();
        command.CommandText = commandText;
        return new OpeningCommand(connection, command, password);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
    }

    /// <inheritdoc/>
    protected override ValueTask DisposeAsyncCore() => inner.DisposeAsync();
}
