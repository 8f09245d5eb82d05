using System.Data;
using System.Data.Common;
using System.Diagnostics.CodeAnalysis;

namespace Kist.Client.Connections;

/// <summary>A command that opens a connection of its own when it is executed, as those of data sources do, and tries
/// again when the password is refused.</summary>
internal sealed class OpeningCommand(DbConnection connection, DbCommand inner, LiveSecret password) : DbCommand
{
    [AllowNull]
    public override string CommandText
    {
        get => inner.CommandText;
        set => inner.CommandText = value;
    }

    public override int CommandTimeout
    {
        get => inner.CommandTimeout;
        set => inner.CommandTimeout = value;
    }

    public override CommandType CommandType
    {
        get => inner.CommandType;
        set => inner.CommandType = value;
    }

    public override bool DesignTimeVisible
    {
        get => inner.DesignTimeVisible;
        set => inner.DesignTimeVisible = value;
    }

    public override UpdateRowSource UpdatedRowSource
    {
        get => inner.UpdatedRowSource;
        set => inner.UpdatedRowSource = value;
    }

    protected override DbConnection? DbConnection
    {
        get => inner.Connection;
        set => throw new NotSupportedException("this command has a connection of its own");
    }

    protected override DbParameterCollection DbParameterCollection => inner.Parameters;

    protected override DbTransaction? DbTransaction
    {
        get => null;
        set => throw new NotSupportedException("open a connection to work in a transaction");
    }

    public override void Cancel() => inner.Cancel();

    public override int ExecuteNonQuery() => Run(() => ExecuteNonQueryAsync(CancellationToken.None));

    public override object? ExecuteScalar() => Run(() => ExecuteScalarAsync(CancellationToken.None));

    public override Task<int> ExecuteNonQueryAsync(CancellationToken cancellationToken) =>
        OpenedAsync(inner.ExecuteNonQueryAsync, cancellationToken);

    public override Task<object?> ExecuteScalarAsync(CancellationToken cancellationToken) =>
        OpenedAsync(inner.ExecuteScalarAsync, cancellationToken);

    public override void Prepare() =>
        throw new NotSupportedException("open a connection to prepare a command on it");

    protected override DbParameter CreateDbParameter() => inner.CreateParameter();

    protected override DbDataReader ExecuteDbDataReader(CommandBehavior behavior) =>
        Run(() => ExecuteDbDataReaderAsync(behavior, CancellationToken.None));

    // The reader closes the connection when it is closed.
    protected override async Task<DbDataReader> ExecuteDbDataReaderAsync(
        CommandBehavior behavior, CancellationToken cancellationToken)
    {
        await password.OpenAsync(connection, cancellationToken);
        try
        {
            return await inner.ExecuteReaderAsync(behavior | CommandBehavior.CloseConnection, cancellationToken);
        }
        catch
        {
            await connection.CloseAsync();
            throw;
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (!disposing) return;
        inner.Dispose();
        connection.Dispose();
    }

    private static T Run<T>(Func<Task<T>> work) => Task.Run(work).GetAwaiter().GetResult();

    private async Task<T> OpenedAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken ct)
    {
        await password.OpenAsync(connection, ct);
        try
        {
            return await work(ct);
        }
        finally
        {
            await connection.CloseAsync();
        }
    }
}
