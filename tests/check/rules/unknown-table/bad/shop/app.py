from sqlalchemy import select

from shop.models import Note, User


def read(session):
    one = session.query(User).filter_by(nam="a").first()
    two = session.execute(select(User).where(User.nam == "a").order_by(User.name)).all()
    four = session.query(User).join(Note).filter_by(text="x")
    session.add(User(name="a", emial="b") if one else User(name="b"))
    return one, two, four, Note.owner, User.metadata, User.__tablename__
