// As pairs.py, for Qt 6: pairs_qt server|client qt PORT MODE [small].
// g++ -fPIC pairs_qt.cpp -o pairs_qt $(pkg-config --cflags --libs Qt6WebSockets)
#include <QCoreApplication>
#include <QTimer>
#include <QWebSocket>
#include <QWebSocketHandshakeOptions>
#include <QWebSocketServer>

static QString port;
static const QStringList texts{"Hello", "Grüße, 你好, 👋🏽 κόσμε"};

static void talk(QString path, QList<QByteArray> binaries, bool bye, std::function<void()> then) {
    auto *ws = new QWebSocket;
    auto *left = new QStringList(texts);
    auto *data = new QList<QByteArray>(binaries);
    auto *step = new int(0);
    auto next = [=] {
        if (!left->isEmpty()) ws->sendTextMessage(left->takeFirst());
        else if (!data->isEmpty()) ws->sendBinaryMessage(data->takeFirst());
        else if (!bye) ws->sendTextMessage("close");
        else if ((*step)++ == 0) {
            ws->setOutgoingFrameSize(4);    // Qt fragments what is longer
            ws->ping("client ping");
            ws->sendTextMessage("frag mented");
        } else ws->close(QWebSocketProtocol::CloseCodeNormal, "bye");
    };
    QObject::connect(ws, &QWebSocket::connected, next);
    QObject::connect(ws, &QWebSocket::textMessageReceived, next);
    QObject::connect(ws, &QWebSocket::binaryMessageReceived, next);
    QObject::connect(ws, &QWebSocket::disconnected, then);
    QWebSocketHandshakeOptions options;
    options.setSubprotocols({"chat.v2", "chat.v1"});
    ws->open(QUrl("ws://127.0.0.1:" + port + path), options);
}

int main(int argc, char **argv) {
    QCoreApplication app(argc, argv);
    port = argv[3];
    if (QString(argv[1]) == "server") {
        auto *server = new QWebSocketServer("pairs", QWebSocketServer::NonSecureMode);
        server->setSupportedSubprotocols({"chat.v1"});
        server->listen(QHostAddress::LocalHost, port.toInt());
        QObject::connect(server, &QWebSocketServer::newConnection, [=] {
            QWebSocket *ws = server->nextPendingConnection();
            QObject::connect(ws, &QWebSocket::textMessageReceived, [=](const QString &text) {
                if (text == "close") ws->close(QWebSocketProtocol::CloseCodeNormal, "server done");
                else ws->sendTextMessage(text);
            });
            QObject::connect(ws, &QWebSocket::binaryMessageReceived, [=](const QByteArray &data) { ws->sendBinaryMessage(data); });
            QObject::connect(ws, &QWebSocket::disconnected, ws, &QObject::deleteLater);
            ws->ping("server ping");
        });
    } else {
        QList<QByteArray> binaries;
        for (int n : app.arguments().contains("small") ? QList<int>{0, 125, 126, 3000} : QList<int>{0, 125, 126, 65535, 65536, 200000}) {
            QByteArray data(n, 0);
            for (int i = 0; i < n; i++) data[i] = char(i * 31);
            binaries << data;
        }
        talk("/echo", binaries, true, [] {
            talk("/serverclose", {}, false, [] { QTimer::singleShot(200, [] { QCoreApplication::exit(0); }); });
        });
    }
    return app.exec();
}
